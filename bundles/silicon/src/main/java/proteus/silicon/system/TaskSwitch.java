package proteus.silicon.system;

import static proteus.silicon.cpu.Cpu.CS;
import static proteus.silicon.cpu.Cpu.DS;
import static proteus.silicon.cpu.Cpu.ES;
import static proteus.silicon.cpu.Cpu.FS;
import static proteus.silicon.cpu.Cpu.GS;
import static proteus.silicon.cpu.Cpu.LDTR;
import static proteus.silicon.cpu.Cpu.SS;
import static proteus.silicon.cpu.Cpu.TR;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.GuestFault;
import proteus.x86.format.Cr0;
import proteus.x86.format.DebugRegister;
import proteus.x86.format.ExceptionVector;
import proteus.x86.format.Rflags;
import proteus.x86.format.SegmentDescriptor;
import proteus.x86.format.Selector;
import proteus.x86.format.Tss16;
import proteus.x86.format.Tss32;

/** The hardware task switch, 16- and 32-bit (SDM 3A, 7.3). What can fault in the old task does so before anything changes. */
final class TaskSwitch {
    /** Sources, as an exit qualification numbers them (SDM 3C, table 28-2). */
    static final int BY_CALL = 0, BY_IRET = 1, BY_JUMP = 2, BY_GATE = 3;

    /** Local breakpoint enables and LE. */
    private static final long LOCAL_ENABLES = 0x155;
    /** Selectors in the order of the TSS. */
    private static final int[] ORDER = {ES, CS, SS, DS, FS, GS};
    private static final int REGISTERS = 8;

    private TaskSwitch() {}

    /**
     * Switches to the task of a checked TSS descriptor. A fault behind the commit point is thrown as a trap: the state is that of the
     * new task, in front of its first instruction.
     *
     * @param returnRip where the old task goes on
     * @param image its flags, as an event pushes them: with RF set for a fault (SDM 3B, 17.3.1.1)
     */
    static void run(Cpu cpu, int selector, long descriptor, int source, long returnRip, long image, int ext) {
        boolean large = (SegmentDescriptor.rights(descriptor) & 8) != 0;
        boolean oldLarge = (cpu.rights[TR] & 8) != 0;
        boolean nests = source == BY_CALL || source == BY_GATE;
        if (SegmentDescriptor.limit(descriptor) < (large ? Tss32.SIZE : Tss16.SIZE) - 1) {
            throw cpu.fault(ExceptionVector.TS, Selector.errorCode(selector) | ext);
        }
        long tss = SegmentDescriptor.base(descriptor);
        Image next = large ? read32(cpu, tss) : read16(cpu, tss);
        long old = cpu.base[TR];
        cpu.mmu.probeSystemWrite(old, oldLarge ? Tss32.SIZE : Tss16.SIZE);
        if (nests) {
            cpu.mmu.probeSystemWrite(tss, 2);
        }
        long oldDescriptor = Segments.address(cpu, cpu.selector[TR]);
        long newDescriptor = Segments.address(cpu, selector);
        cpu.mmu.probeSystemWrite(newDescriptor + 5, 1);
        // commit: the old task
        if (!nests && oldDescriptor != -1) {
            cpu.mmu.systemWrite8(oldDescriptor + 5, cpu.mmu.systemRead8(oldDescriptor + 5) & ~SegmentDescriptor.BUSY);
        }
        long flags = image;
        if (source == BY_IRET) {
            flags &= ~(long) Flags.NT;
        }
        if (oldLarge) {
            save32(cpu, old, returnRip, flags);
        } else {
            save16(cpu, old, returnRip, flags);
        }
        // the new task
        if (nests) {
            cpu.mmu.systemWrite16(tss, cpu.selector[TR]);
            next.flags |= Flags.NT;
        }
        if (source != BY_IRET) {
            cpu.mmu.systemWrite8(newDescriptor + 5, (int) (descriptor >>> 40) & 0xff | SegmentDescriptor.BUSY);
        }
        Segments.put(cpu, TR, selector, descriptor | SegmentDescriptor.BUSY_BIT);
        cpu.cr0 |= Cr0.TS;
        cpu.dr[7] &= ~LOCAL_ENABLES;
        try {
            load(cpu, next, large, ext);
        } catch (GuestFault fault) {
            fault.trap = true;
            throw fault;
        }
        if (next.trap) {
            cpu.pendingDebug |= DebugRegister.BT;
        }
    }

    /** What a TSS holds of a task. */
    private static final class Image {
        final long[] gpr = new long[REGISTERS];
        final int[] selector = new int[ORDER.length];
        long rip, flags, cr3;
        int ldt;
        boolean trap;
    }

    private static Image read32(Cpu cpu, long tss) {
        Image image = new Image();
        image.cr3 = cpu.mmu.systemRead32(tss + Tss32.CR3) & 0xffff_ffffL;
        image.rip = cpu.mmu.systemRead32(tss + Tss32.EIP) & 0xffff_ffffL;
        image.flags = cpu.mmu.systemRead32(tss + Tss32.EFLAGS) & 0xffff_ffffL;
        for (int i = 0; i < REGISTERS; i++) {
            image.gpr[i] = cpu.mmu.systemRead32(tss + Tss32.EAX + 4 * i) & 0xffff_ffffL;
        }
        for (int i = 0; i < ORDER.length; i++) {
            image.selector[i] = cpu.mmu.systemRead16(tss + Tss32.ES + 4 * i) & 0xffff;
        }
        image.ldt = cpu.mmu.systemRead16(tss + Tss32.LDT) & 0xffff;
        image.trap = (cpu.mmu.systemRead16(tss + Tss32.DEBUG_TRAP) & 1) != 0;
        return image;
    }

    /** The upper halves of the registers are undefined (SDM 3A, 7.6); ones, as processors do. FS and GS become null. */
    private static Image read16(Cpu cpu, long tss) {
        Image image = new Image();
        image.rip = cpu.mmu.systemRead16(tss + Tss16.IP) & 0xffff;
        image.flags = cpu.mmu.systemRead16(tss + Tss16.FLAGS) & 0xffff;
        for (int i = 0; i < REGISTERS; i++) {
            image.gpr[i] = 0xffff_0000L | cpu.mmu.systemRead16(tss + Tss16.AX + 2 * i) & 0xffff;
        }
        for (int i = 0; i < 4; i++) {
            image.selector[i] = cpu.mmu.systemRead16(tss + Tss16.ES + 2 * i) & 0xffff;
        }
        image.ldt = cpu.mmu.systemRead16(tss + Tss16.LDT) & 0xffff;
        return image;
    }

    private static void save32(Cpu cpu, long tss, long rip, long flags) {
        cpu.mmu.systemWrite32(tss + Tss32.EIP, (int) rip);
        cpu.mmu.systemWrite32(tss + Tss32.EFLAGS, (int) flags);
        for (int i = 0; i < REGISTERS; i++) {
            cpu.mmu.systemWrite32(tss + Tss32.EAX + 4 * i, cpu.gpr32(i));
        }
        for (int i = 0; i < ORDER.length; i++) {
            cpu.mmu.systemWrite16(tss + Tss32.ES + 4 * i, cpu.selector[ORDER[i]]);
        }
    }

    private static void save16(Cpu cpu, long tss, long rip, long flags) {
        cpu.mmu.systemWrite16(tss + Tss16.IP, (int) rip);
        cpu.mmu.systemWrite16(tss + Tss16.FLAGS, (int) flags);
        for (int i = 0; i < REGISTERS; i++) {
            cpu.mmu.systemWrite16(tss + Tss16.AX + 2 * i, cpu.gpr32(i));
        }
        for (int i = 0; i < 4; i++) {
            cpu.mmu.systemWrite16(tss + Tss16.ES + 2 * i, cpu.selector[ORDER[i]]);
        }
    }

    /** Loads the new task's state; faults here happen in the new task, before its first instruction (SDM 3A, 7.3, step 12 on). */
    private static void load(Cpu cpu, Image next, boolean large, int ext) {
        for (int i = 0; i < REGISTERS; i++) {
            cpu.gpr(i, next.gpr[i]);
        }
        cpu.rip(next.rip);
        cpu.rflags(next.flags & Rflags.DEFINED);
        // until their descriptors are loaded the segment registers hold only selectors
        for (int i = 0; i < ORDER.length; i++) {
            Segments.putNull(cpu, ORDER[i], next.selector[i], 0);
        }
        boolean v8086 = (next.flags & Flags.VM) != 0;
        int level = v8086 ? 3 : Selector.rpl(next.selector[1]);
        cpu.setCpl(level);
        Segments.putNull(cpu, LDTR, next.ldt, 0);
        if (large && (cpu.cr0 & Cr0.PG) != 0) {
            ControlRegisters.switchRoot(cpu, next.cr3);
        }
        loadLdt(cpu, next.ldt, ext);
        if (v8086) {
            for (int i = 0; i < ORDER.length; i++) {
                Segments.putV8086(cpu, ORDER[i], next.selector[i]);
            }
        } else {
            loadSegments(cpu, next, level, ext);
        }
        cpu.updateMode();
        if (next.rip > cpu.limit[CS]) {
            throw cpu.protection(ext);
        }
    }

    private static void loadLdt(Cpu cpu, int selector, int ext) {
        try {
            DescriptorInstructions.loadLdt(cpu, selector, ExceptionVector.TS, ExceptionVector.TS);
        } catch (GuestFault fault) {
            if (fault.vector == ExceptionVector.TS) {
                fault.errorCode |= ext;
            }
            throw fault;
        }
    }

    private static void loadSegments(Cpu cpu, Image next, int level, int ext) {
        int code = next.selector[1];
        int stack = next.selector[2];
        if (Selector.isNull(code)) {
            throw cpu.fault(ExceptionVector.TS, Selector.errorCode(code) | ext);
        }
        long descriptor = Segments.descriptor(cpu, code, ExceptionVector.TS, ext);
        int rights = SegmentDescriptor.rights(descriptor);
        int dpl = SegmentDescriptor.dpl(rights);
        if (!SegmentDescriptor.isCode(rights) || (SegmentDescriptor.isConforming(rights) ? dpl > level : dpl != level)) {
            throw cpu.fault(ExceptionVector.TS, Selector.errorCode(code) | ext);
        }
        if (!SegmentDescriptor.present(rights)) {
            throw cpu.fault(ExceptionVector.NP, Selector.errorCode(code) | ext);
        }
        Segments.put(cpu, CS, code, Segments.markAccessed(cpu, code, descriptor));
        cpu.updateMode();
        if (Selector.isNull(stack)) {
            throw cpu.fault(ExceptionVector.TS, Selector.errorCode(stack) | ext);
        }
        long stackDescriptor = Segments.stackDescriptor(cpu, stack, level, ExceptionVector.TS, ext);
        Segments.put(cpu, SS, stack, Segments.markAccessed(cpu, stack, stackDescriptor));
        for (int i = 0; i < ORDER.length; i++) {
            int register = ORDER[i];
            int selector = next.selector[i];
            if (register != CS && register != SS && !Selector.isNull(selector)) {
                long data = Segments.dataDescriptor(cpu, selector, level, ExceptionVector.TS, ext);
                Segments.put(cpu, register, selector, Segments.markAccessed(cpu, selector, data));
            }
        }
    }
}
