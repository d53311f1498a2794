package proteus.vmm;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import proteus.api.memory.MemoryRegion;

/** Where the RAM of a PC lies. It changes only on a machine with a ROM, whose chip set moves ROM and RAM, on the VM's thread. */
final class RegionMap implements BackedMap {
    /** The hole for VGA memory (IBM PC): neither RAM nor ROM. */
    static final long VGA_HOLE = 0xa0000, VGA_HOLE_END = 0xc0000;
    /** Below 4 GiB the last gibibyte belongs to PCI devices, APICs and firmware. */
    static final long LOW_END = 3L << 30, HIGH_START = 4L << 30;

    private final GuestFrames frames;
    private volatile List<MemoryRegion> regions;
    private volatile MemoryRegion[] array;
    private volatile int generation;

    private RegionMap(GuestFrames frames, List<MemoryRegion> regions) {
        this.frames = frames;
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

    /** RAM as a PC has it. */
    static RegionMap pc(GuestFrames frames) {
        List<MemoryRegion> regions = new ArrayList<>();
        long bytes = frames.ramBytes();
        long low = Math.min(bytes, LOW_END);
        regions.add(new MemoryRegion(0, Math.min(low, VGA_HOLE), 0, true, "conventional memory"));
        if (low > VGA_HOLE_END) {
            regions.add(new MemoryRegion(VGA_HOLE_END, low - VGA_HOLE_END, VGA_HOLE_END, true, "low memory"));
        }
        if (bytes > low) {
            regions.add(new MemoryRegion(HIGH_START, bytes - low, low, true, "high memory"));
        }
        return new RegionMap(frames, regions);
    }

    /** Who is told where a page is whose frame goes or becomes read-only; maybe in several places. */
    void listener(LongConsumer told) {
        frames.listener(offset -> {
            for (MemoryRegion region : array) {
                if (offset >= region.offset() && offset - region.offset() < region.bytes()) {
                    told.accept(region.gpa() + (offset - region.offset()));
                }
            }
        });
    }

    GuestFrames frames() {
        return frames;
    }

    @Override
    public List<MemoryRegion> regions() {
        return regions;
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
    public long hpa(long gpa) {
        MemoryRegion region = regionAt(gpa);
        return region == null ? -1 : frames.hpa(region.offset(gpa));
    }

    @Override
    public long ownHpa(long gpa) {
        MemoryRegion region = regionAt(gpa);
        return region == null ? -1 : frames.ownHpa(region.offset(gpa), false);
    }

    @Override
    public long deviceHpa(long gpa) {
        MemoryRegion region = regionAt(gpa);
        return region == null ? -1 : frames.ownHpa(region.offset(gpa), true);
    }

    @Override
    public boolean owned(long gpa) {
        MemoryRegion region = regionAt(gpa);
        return region != null && region.writable() && frames.owned(region.offset(gpa));
    }

    @Override
    public boolean contiguous(long gpa, long bytes) {
        MemoryRegion region = regionAt(gpa);
        long start = gpa & -bytes;
        return region != null
                && start >= region.gpa()
                && start - region.gpa() + bytes <= region.bytes()
                && frames.contiguous(region.offset(start), bytes);
    }

    @Override
    public void discard(long gpa) {
        MemoryRegion region = regionAt(gpa);
        if (region != null && region.writable()) {
            frames.discard(region.offset(gpa));
        }
    }

    @Override
    public void pin() {
        frames.pin();
    }

    @Override
    public int generation() {
        return generation;
    }
}
