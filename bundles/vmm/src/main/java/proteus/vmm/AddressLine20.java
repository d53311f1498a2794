package proteus.vmm;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongConsumer;
import proteus.api.memory.MemoryRegion;
import proteus.api.silicon.HostMemory;

/**
 * The memory of a machine as its processors see it: through address line 20, which a gate on the board can hold low, so that
 * addresses go around at 1 MiB as on an 8086 (SDM 3B, 20.1.1 and A20M# in 9.7.2). Devices are behind the gate and see all of it.
 */
final class AddressLine20 implements BackedMap {
    private static final long MIB = 1L << 20;
    /** All guest-physical addresses. */
    static final long SPACE = 1L << 48;

    private final BackedMap map;
    private ShadowedRom.Listener listener = (gpa, bytes) -> { };
    private volatile boolean open = true;
    private volatile int changes;

    AddressLine20(BackedMap map) {
        this.map = map;
    }

    /** Who derives something from this map. */
    void listener(ShadowedRom.Listener told) {
        listener = told;
    }

    /** Opens or closes the gate, on the VM's thread. */
    void open(boolean wanted) {
        if (wanted != open) {
            open = wanted;
            changes++;
            listener.changed(0, SPACE);
        }
    }

    /** The address that leaves the processor. */
    long through(long address) {
        return open ? address : address & ~MIB;
    }

    @Override
    public long hpa(long gpa) {
        return map.hpa(through(gpa));
    }

    @Override
    public long ownHpa(long gpa) {
        return map.ownHpa(through(gpa));
    }

    @Override
    public long deviceHpa(long gpa) {
        return map.deviceHpa(through(gpa));
    }

    @Override
    public boolean owned(long gpa) {
        return map.owned(through(gpa));
    }

    @Override
    public boolean contiguous(long gpa, long bytes) {
        return open ? map.contiguous(gpa, bytes) : bytes <= HostMemory.FRAME_SIZE && map.owned(through(gpa));
    }

    @Override
    public void pin() {
        map.pin();
    }

    @Override
    public void discard(long gpa) {
        map.discard(through(gpa));
    }

    /** Tells where the processors see a page of the map. */
    void seen(long gpa, LongConsumer at) {
        if (open) {
            at.accept(gpa);
        } else if (through(gpa) == gpa) {
            at.accept(gpa);
            at.accept(gpa | MIB);
        }
    }

    @Override
    public MemoryRegion regionAt(long gpa) {
        if (open) {
            return map.regionAt(gpa);
        }
        MemoryRegion region = map.regionAt(through(gpa));
        return region == null ? null : piece(region, gpa & -MIB);
    }

    /** What a region shows in a mebibyte, which may be that of the mebibyte before. */
    private MemoryRegion piece(MemoryRegion region, long mebibyte) {
        long seen = through(mebibyte);
        long start = Math.max(region.gpa(), seen);
        long end = Math.min(region.gpa() + region.bytes(), seen + MIB);
        return new MemoryRegion(start + (mebibyte - seen), end - start, region.offset(start), region.writable(), region.name());
    }

    @Override
    public List<MemoryRegion> regions() {
        if (open) {
            return map.regions();
        }
        List<MemoryRegion> all = new ArrayList<>();
        for (MemoryRegion region : map.regions()) {
            for (long at = region.gpa() & -MIB; at < region.gpa() + region.bytes(); at += MIB) {
                if (through(at) == at) {
                    all.add(piece(region, at));
                    all.add(piece(region, at + MIB));
                }
            }
        }
        all.sort(Comparator.comparingLong(MemoryRegion::gpa));
        return all;
    }

    @Override
    public int generation() {
        return map.generation() + changes;
    }
}
