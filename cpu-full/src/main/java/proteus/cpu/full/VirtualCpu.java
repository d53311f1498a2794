package proteus.cpu.full;

import java.util.Arrays;
import proteus.api.cpu.CpuContext;
import proteus.api.memory.MemoryMap;
import proteus.api.memory.MemoryRegion;
import proteus.api.memory.MemoryVirtualization;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.GuestPaging;
import proteus.api.silicon.SegmentRegister;
import proteus.api.state.ArchState;
import proteus.x86.format.Cr0;
import proteus.x86.format.Efer;
import proteus.x86.format.Rflags;

/**
 * The guest's processor as far as the real one holds something else: control registers always, segments, descriptor tables and the
 * flags that only ring 0 changes while the guest runs deprivileged ({@link Deprivileging}).
 */
final class VirtualCpu implements GuestPaging {
    /** Flags that ring 3 can neither change nor is shown truly. */
    static final long RING0_FLAGS = Rflags.IF | Rflags.IOPL | Rflags.VIF | Rflags.VIP;

    private static final int DEFAULT_PHYSICAL_BITS = 36;

    private final MemoryMap map;
    private final MemoryVirtualization memory;
    private final int physicalBits;

    private long cr0 = Cr0.RESET;
    private long cr3, cr4, efer;
    private final long[] pdptes = new long[4];
    /** Something of the above was changed by an emulated instruction and the memory technique does not know yet. */
    boolean pagingChanged;
    /** Ring 3 of the processor is the guest's supervisor. */
    boolean supervisorInRing3;
    /** An event is being delivered, which no write protection may stop. */
    boolean delivering;
    /** A traced page that the delivery has written, or -1. */
    long tracedByDelivery = -1;

    final SegmentRegister[] segments = new SegmentRegister[8];
    long gdtrBase, idtrBase;
    int gdtrLimit, idtrLimit;
    /** {@link #RING0_FLAGS} of a user; those of the kernel are in the monitor's data. */
    long ring0Flags;
    /** The real one is 0, so that SYSENTER traps. */
    long sysenterCs;

    VirtualCpu(CpuContext context) {
        map = context.guestMemory().map();
        memory = context.memory();
        int bits = context.contract().cpuid(0x8000_0008, 0)[0] & 0xff;
        physicalBits = bits == 0 ? DEFAULT_PHYSICAL_BITS : bits;
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
        return physicalBits;
    }

    @Override
    public long hpa(long gpa) {
        return map.hpa(gpa);
    }

    @Override
    public long hpaToWrite(long gpa) {
        return map.ownHpa(gpa);
    }

    @Override
    public boolean writable(long gpa) {
        if (!delivering) {
            return map.owned(gpa) && !memory.traced(gpa);
        }
        MemoryRegion region = map.regionAt(gpa);
        boolean ram = region != null && region.writable();
        if (ram && memory.traced(gpa)) {
            tracedByDelivery = gpa;
        }
        return ram;
    }

    @Override
    public void taskSwitched(long newCr0, long newCr3) {
        changed(newCr0, newCr3, cr4, efer, pdptes);
    }

    @Override
    public void changed(long newCr0, long newCr3, long newCr4, long newEfer, long[] newPdptes) {
        cr0 = newCr0;
        cr3 = newCr3;
        cr4 = newCr4;
        efer = newEfer;
        System.arraycopy(newPdptes, 0, pdptes, 0, pdptes.length);
        pagingChanged = true;
    }

    @Override
    public boolean supervisorInRing3() {
        return supervisorInRing3;
    }

    boolean protectedMode() {
        return (cr0 & Cr0.PE) != 0;
    }

    boolean longMode() {
        return (efer & Efer.LMA) != 0;
    }

    boolean paging() {
        return (cr0 & Cr0.PG) != 0;
    }

    /** The guest's state was loaded as a whole. */
    void adopt(ArchState.Control state, long newEfer) {
        changed(state.cr0(), state.cr3(), state.cr4(), newEfer, state.pdptes());
    }

    ArchState.Control export(ArchState.Control real, int taskPriority) {
        return new ArchState.Control(cr0, real.cr2(), cr3, cr4, taskPriority, real.xcr0(), real.dr(), Arrays.copyOf(pdptes, pdptes.length));
    }

    /** The segment that code is fetched from, as the guest sees it. */
    SegmentRegister code() {
        return segments[CpuRegisters.CS];
    }
}
