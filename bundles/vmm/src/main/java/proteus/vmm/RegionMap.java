package proteus.vmm;

import java.util.ArrayList;
import java.util.List;
import proteus.api.memory.MemoryMap;
import proteus.api.memory.MemoryRegion;

/** Where the RAM of a PC lies. It changes only on a machine with a ROM, whose chip set moves ROM and RAM, on the VM's thread. */
final class RegionMap implements MemoryMap {
    /** The hole for VGA memory (IBM PC): neither RAM nor ROM. */
    static final long VGA_HOLE = 0xa0000, VGA_HOLE_END = 0xc0000;
    /** Below 4 GiB the last gibibyte belongs to PCI devices, APICs and firmware. */
    static final long LOW_END = 3L << 30, HIGH_START = 4L << 30;

    private volatile List<MemoryRegion> regions;
    private volatile MemoryRegion[] array;
    private volatile int generation;

    private RegionMap(List<MemoryRegion> regions) {
        become(regions);
    }

    private void become(List<MemoryRegion> wanted) {
        regions = List.copyOf(wanted);
        array = wanted.toArray(MemoryRegion[]::new);
    }

    /** Takes other regions; those who derived something from the old ones must be told. */
    void replace(List<MemoryRegion> wanted) {
        become(wanted);
        generation++;
    }

    /**
     * RAM as a PC has it, backed by one run of frames.
     *
     * @param bytes RAM, whole pages
     * @param hpa its first frame
     */
    static RegionMap pc(long bytes, long hpa) {
        List<MemoryRegion> regions = new ArrayList<>();
        long low = Math.min(bytes, LOW_END);
        regions.add(new MemoryRegion(0, Math.min(low, VGA_HOLE), hpa, true, "conventional memory"));
        if (low > VGA_HOLE_END) {
            regions.add(new MemoryRegion(VGA_HOLE_END, low - VGA_HOLE_END, hpa + VGA_HOLE_END, true, "low memory"));
        }
        if (bytes > low) {
            regions.add(new MemoryRegion(HIGH_START, bytes - low, hpa + low, true, "high memory"));
        }
        return new RegionMap(regions);
    }

    @Override
    public List<MemoryRegion> regions() {
        return regions;
    }

    @Override
    public long hpa(long gpa) {
        for (MemoryRegion region : array) {
            if (region.contains(gpa)) {
                return region.hpa() + (gpa - region.gpa());
            }
        }
        return -1;
    }

    @Override
    public MemoryRegion regionAt(long gpa) {
        for (MemoryRegion region : array) {
            if (region.contains(gpa)) {
                return region;
            }
        }
        return null;
    }

    @Override
    public int generation() {
        return generation;
    }
}
