package proteus.mem.shadow;

import java.util.List;
import proteus.api.event.EventCounters;
import proteus.api.memory.FaultOutcome;
import proteus.api.memory.MemoryContext;
import proteus.api.memory.MemoryMap;
import proteus.api.memory.MemoryRegion;
import proteus.api.silicon.GuestPaging;
import proteus.api.silicon.HostMemory;
import proteus.tck.fake.ArrayHostMemory;
import proteus.tck.fake.FakeProcessor;

/**
 * A guest whose tables a test writes, and the hardware that walks the shadow of them: a walker of the test's own (SDM 3A, 4.4 to
 * 4.7), with CR0.WP and EFER.NXE set and no TLB.
 */
final class Machine implements MemoryContext, MemoryMap, GuestPaging {
    static final long MIB = 1 << 20;
    static final long ROM = 12 * MIB;
    static final int PHYSICAL_BITS = 36;

    final ArrayHostMemory host = new ArrayHostMemory((int) (10 * MIB));
    final EventCounters counters = new EventCounters();
    final FakeProcessor processor = new FakeProcessor();
    final List<MemoryRegion> regions = List.of(
            new MemoryRegion(0, 4 * MIB, 4 * MIB, true, "RAM"),
            new MemoryRegion(ROM, 0x10000, 8 * MIB, false, "ROM"));
    final ShadowMemory memory;
    long cr0 = 0x8001_0001L;
    long cr3;
    long cr4;
    long efer;
    final long[] pdptes = new long[4];

    Machine(Variant variant, int frames) {
        // What lies behind the guest is not for tables.
        host.allocate(4 * MIB + 0x10000, 4 * MIB, "guest");
        memory = new ShadowMemory(this, variant, frames);
        memory.attach(processor);
    }

    /** What came of an access: a host-physical address, or an outcome that is none. */
    record Result(long hpa, FaultOutcome outcome, int errorCode) {}

    /** One access of the guest, retried as the hardware does after each hidden fault. */
    Result access(long gva, boolean write, boolean fetch, boolean user) {
        for (int tries = 0; tries < 4; tries++) {
            int wanted = (write ? 2 : 0) | (user ? 4 : 0) | (fetch ? 16 : 0);
            long hpa = hardware(gva, write, fetch, user);
            if (hpa >= 0) {
                return new Result(hpa, FaultOutcome.RESUME, 0);
            }
            FaultOutcome outcome = memory.onPageFault(processor, gva, wanted | (hpa == -2 ? 1 : 0));
            if (outcome != FaultOutcome.RESUME) {
                return new Result(-1, outcome, outcome == FaultOutcome.REFLECT ? memory.reflectedErrorCode() : 0);
            }
        }
        throw new AssertionError("hidden faults without end at 0x%x".formatted(gva));
    }

    /** Walks the tables that CR3 leads to: the address, or -1 not present, -2 not allowed. */
    private long hardware(long gva, boolean write, boolean fetch, boolean user) {
        boolean paged = cr0 < 0 || (cr0 & 0x8000_0000L) != 0;
        boolean smep = paged && (cr4 & 1 << 20) != 0;
        boolean smap = paged && (cr4 & 1 << 21) != 0 && (processor.registers().rflags() & 1 << 18) == 0;
        long table = processor.registers().cr(3);
        int level = 4;
        if ((efer & 0x400) == 0) {
            long pdpte = host.read64((table & 0xffff_ffe0L) + (gva >>> 30 & 3) * 8);
            if ((pdpte & 1) == 0) {
                return -1;
            }
            check((pdpte & 0x1e6) == 0, "reserved bits of a PDPTE");
            table = pdpte;
            level = 2;
        }
        boolean w = true;
        boolean u = true;
        boolean x = true;
        for (; ; level--) {
            int shift = 12 + 9 * (level - 1);
            long entry = host.read64((table & 0xf_ffff_ffff_f000L) + (gva >>> shift & 511) * 8);
            if ((entry & 1) == 0) {
                return -1;
            }
            w &= (entry & 2) != 0;
            u &= (entry & 4) != 0;
            x &= entry >= 0;
            if (level == 1 || (entry & 128) != 0) {
                if (user && !u || write && !w || fetch && (!x || smep && u && !user) || !fetch && smap && u && !user) {
                    return -2;
                }
                return entry & 0xf_ffff_ffff_f000L & -(1L << shift) | gva & (1L << shift) - 1;
            }
            table = entry;
        }
    }

    static void check(boolean good, String what) {
        if (!good) {
            throw new AssertionError(what);
        }
    }

    /** The guest writes one of its registers. */
    void changed() {
        memory.onPagingModeChange(processor, this);
    }

    /** The guest writes its memory without the hardware's knowledge of it: as an emulated instruction does. */
    void poke(long gpa, int bytes, long value) {
        long at = hpa(gpa);
        if (bytes == 8) {
            host.write64(at, value);
        } else {
            host.write32(at, (int) value);
        }
        if (memory.traced(gpa)) {
            memory.onTracedWrite(processor, gpa, bytes);
        }
    }

    @Override
    public long cr0() {
        return cr0;
    }

    @Override
    public long cr3() {
        return cr3;
    }

    @Override
    public long cr4() {
        return cr4;
    }

    @Override
    public long efer() {
        return efer;
    }

    @Override
    public long pdpte(int index) {
        return pdptes[index];
    }

    @Override
    public int physicalBits() {
        return PHYSICAL_BITS;
    }

    @Override
    public boolean writable(long gpa) {
        MemoryRegion region = regionAt(gpa);
        return region != null && region.writable() && !memory.traced(gpa);
    }

    @Override
    public void taskSwitched(long newCr0, long newCr3) {
        throw new AssertionError("no task is switched here");
    }

    @Override
    public HostMemory hostMemory() {
        return host;
    }

    @Override
    public MemoryMap map() {
        return this;
    }

    @Override
    public EventCounters counters() {
        return counters;
    }

    @Override
    public String owner() {
        return "test";
    }

    @Override
    public List<MemoryRegion> regions() {
        return regions;
    }

    @Override
    public long hpa(long gpa) {
        MemoryRegion region = regionAt(gpa);
        return region == null ? -1 : region.offset(gpa);
    }

    @Override
    public MemoryRegion regionAt(long gpa) {
        return regions.stream().filter(region -> region.contains(gpa)).findFirst().orElse(null);
    }

    @Override
    public int generation() {
        return 0;
    }
}
