package proteus.silicon.vmx;

import static proteus.api.silicon.VmcsField.*;
import static proteus.api.silicon.VmxControls.*;

import proteus.api.silicon.ExitReason;
import proteus.api.silicon.Vmcs;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.Intercepts;
import proteus.silicon.cpu.Op;
import proteus.silicon.mmu.EptExits;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr3;
import proteus.x86.format.Cr4;
import proteus.x86.format.Ept;
import proteus.x86.format.ExceptionVector;
import proteus.x86.format.PageTable;

/** VMX non-root operation of one processor: entry, and every decision to exit (SDM 3C, chapters 26 to 28). */
public final class VmxUnit implements Intercepts, EptExits {
    /** VM-instruction errors: entry with invalid control fields, with invalid host-state fields (SDM 3C, 31.4). */
    private static final int INVALID_CONTROLS = 7, INVALID_HOST_STATE = 8;
    /** Exit qualifications of an entry that failed on the guest's state (SDM 3C, 27.8). */
    private static final long PDPTE_LOADING = 2, NMI_INJECTION = 3, LINK_POINTER = 4;
    private static final int OTHER_EVENT = 7 << 8;
    private static final int RSI = 6, RDI = 7;
    private static final int SHADOWS = BLOCKING_BY_STI | BLOCKING_BY_MOV_SS;

    private final Cpu cpu;
    private final ExitRecord record;
    private final ModelVmcs vmcs;
    private final ControlChecks controls;
    private final HostStateChecks hostState;
    private final GuestStateChecks guestState;
    private final MsrAreas msrAreas;

    // Controls as of the last entry.
    private int pin, primary, secondary, exceptionBitmap;
    private long cr0Mask, cr0Shadow, cr4Mask, cr4Shadow, tscOffset, eptPointer;
    /** The event that is being delivered, for IDT-vectoring information. */
    private int delivering, deliveringErrorCode, deliveringLength;
    /** The monitor trap flag: an instruction has executed since the entry, or an event was injected by it. */
    private boolean trapDue;
    /** The TSC at which the preemption timer is zero. */
    private long timerDeadline;

    public VmxUnit(Cpu cpu, ExitRecord record) {
        this.cpu = cpu;
        this.record = record;
        VmxCapabilities capabilities = new VmxCapabilities(cpu);
        vmcs = new ModelVmcs(cpu, record, capabilities);
        controls = new ControlChecks(cpu, vmcs, capabilities);
        hostState = new HostStateChecks(cpu, vmcs, capabilities);
        guestState = new GuestStateChecks(cpu, vmcs, capabilities);
        msrAreas = new MsrAreas(cpu);
        cpu.mmu.eptExits(this);
        // set in VMX operation whatever the model shows of it (SDM 3C, 24.8)
        cpu.cr4Mask |= Cr4.VMXE;
    }

    public Vmcs vmcs() {
        return vmcs;
    }

    // ---- entry

    /**
     * VM entry: checks, then event injection.
     *
     * @return {@link ExitReason#NONE} when the guest may run, else why the entry failed
     */
    public ExitReason enter() {
        record.begin(ExitReason.NONE);
        if (vmcs.changed) {
            String wrong = controls.find();
            if (!wrong.isEmpty()) {
                return refused(INVALID_CONTROLS, wrong);
            }
            wrong = hostState.find();
            if (!wrong.isEmpty()) {
                return refused(INVALID_HOST_STATE, wrong);
            }
            loadControls();
            vmcs.changed = false;
        }
        String wrong = guestState.find((secondary & CPU2_UNRESTRICTED_GUEST) != 0);
        if (!wrong.isEmpty()) {
            return failed(ExitReason.ENTRY_FAILURE_GUEST_STATE, qualification(), wrong);
        }
        if ((cpu.cr0 & Cr0.PG) != 0 && (cpu.cr4 & Cr4.PAE) != 0 && !cpu.longMode() && !(eptPointer == 0 ? loadPdptes() : pdptesValid())) {
            return failed(ExitReason.ENTRY_FAILURE_GUEST_STATE, PDPTE_LOADING, "a PDPTE of CR3 0x%x has reserved bits set".formatted(cpu.cr3));
        }
        int bad = msrAreas.load(vmcs.control(VM_ENTRY_MSR_LOAD_ADDRESS), (int) vmcs.control(VM_ENTRY_MSR_LOAD_COUNT));
        if (bad != 0) {
            return failed(ExitReason.ENTRY_FAILURE_MSR_LOADING, bad, "entry %d of the VM-entry MSR-load area cannot be loaded".formatted(bad));
        }
        if ((secondary & CPU2_ENABLE_VPID) == 0) {
            cpu.mmu.flushAll();
        }
        timerDeadline = cpu.tsc() + vmcs.read(VMX_PREEMPTION_TIMER_VALUE);
        trapDue = false;
        inject();
        return ExitReason.NONE;
    }

    /** The event of the VM-entry interruption information; the trap that a type-7 event or the monitor trap flag makes due comes before any instruction. */
    private void inject() {
        int event = (int) vmcs.control(VM_ENTRY_INTERRUPTION_INFORMATION);
        if ((event & INTERRUPTION_VALID) == 0) {
            return;
        }
        vmcs.storeControl(VM_ENTRY_INTERRUPTION_INFORMATION, event & 0x7fffffffL);
        cpu.activity = 0;
        if ((event & TYPE_MASK) == OTHER_EVENT) {
            leave(null, ExitReason.MONITOR_TRAP_FLAG, 0);
        }
        cpu.units.inject(cpu, event, (int) vmcs.control(VM_ENTRY_EXCEPTION_ERROR_CODE), (int) vmcs.control(VM_ENTRY_INSTRUCTION_LENGTH));
        trapDue = true;
    }

    /** Why the guest's state was refused, where the manual tells reasons apart. */
    private long qualification() {
        if (vmcs.read(VMCS_LINK_POINTER) != -1) {
            return LINK_POINTER;
        }
        int event = (int) vmcs.control(VM_ENTRY_INTERRUPTION_INFORMATION);
        boolean nmi = (event & INTERRUPTION_VALID) != 0 && (event & TYPE_MASK) == TYPE_NMI;
        return nmi && (cpu.interruptibility & BLOCKING_BY_STI) != 0 ? NMI_INJECTION : 0;
    }

    /** Whether the preemption timer runs. */
    public boolean timed() {
        return (pin & PIN_PREEMPTION_TIMER) != 0;
    }

    /** Ticks of the TSC until the preemption timer fires; 0 or less: it does now. */
    public long timerTicks() {
        return timerDeadline - cpu.tsc();
    }

    /** What every exit stores (SDM 3C, 28.3 and 28.4). */
    public void exited() {
        if (timed() && (vmcs.control(VM_EXIT_CONTROLS) & EXIT_SAVE_PREEMPTION_TIMER) != 0) {
            vmcs.write(VMX_PREEMPTION_TIMER_VALUE, Math.max(0, timerTicks()));
        }
        int bad = msrAreas.store(vmcs.control(VM_EXIT_MSR_STORE_ADDRESS), (int) vmcs.control(VM_EXIT_MSR_STORE_COUNT));
        if (bad == 0) {
            bad = msrAreas.load(vmcs.control(VM_EXIT_MSR_LOAD_ADDRESS), (int) vmcs.control(VM_EXIT_MSR_LOAD_COUNT));
        }
        if (bad != 0) {
            throw new IllegalStateException("VMX abort: entry %d of a VM-exit MSR area is not possible (SDM 3C, 28.7)".formatted(bad));
        }
    }

    /** Without EPT an entry to PAE paging loads the PDPTEs as MOV to CR3 does (SDM 3C, 27.3.1.6 and 27.3.2.4). */
    private boolean loadPdptes() {
        long table = cpu.cr3 & Cr3.ROOT_PAE;
        for (int i = 0; i < cpu.pdpte.length; i++) {
            cpu.pdpte[i] = cpu.mmu.readPhysical64(table + 8L * i);
        }
        return pdptesValid();
    }

    private boolean pdptesValid() {
        long reserved = PageTable.reservedPae(3, false, cpu.features.physicalBits(), true);
        for (long entry : cpu.pdpte) {
            if ((entry & PageTable.PRESENT) != 0 && (entry & reserved) != 0) {
                return false;
            }
        }
        return true;
    }

    private ExitReason refused(int error, String why) {
        vmcs.storeControl(VM_INSTRUCTION_ERROR, error);
        return failed(ExitReason.ENTRY_INVALID_CONTROLS, error, why);
    }

    private ExitReason failed(ExitReason reason, long detail, String why) {
        record.begin(reason);
        record.qualification = detail;
        record.why = why;
        return reason;
    }

    private void loadControls() {
        pin = (int) vmcs.control(PIN_BASED_CONTROLS);
        primary = (int) vmcs.control(PROCESSOR_BASED_CONTROLS);
        secondary = (primary & CPU_ACTIVATE_SECONDARY_CONTROLS) != 0 ? (int) vmcs.control(SECONDARY_PROCESSOR_BASED_CONTROLS) : 0;
        exceptionBitmap = (int) vmcs.control(EXCEPTION_BITMAP);
        cr0Mask = vmcs.control(CR0_GUEST_HOST_MASK);
        cr0Shadow = vmcs.control(CR0_READ_SHADOW);
        cr4Mask = vmcs.control(CR4_GUEST_HOST_MASK);
        cr4Shadow = vmcs.control(CR4_READ_SHADOW);
        tscOffset = (primary & CPU_TSC_OFFSETTING) != 0 ? vmcs.control(TSC_OFFSET) : 0;
        long eptp = (secondary & CPU2_ENABLE_EPT) != 0 ? vmcs.control(EPT_POINTER) : 0;
        if (eptp != eptPointer) {
            eptPointer = eptp;
            cpu.mmu.eptp(eptp);
        }
        cpu.mmu.vpid((secondary & CPU2_ENABLE_VPID) != 0 ? (int) vmcs.control(VPID) : 0);
        cpu.trapsInstructions = (primary & CPU_MONITOR_TRAP_FLAG) != 0;
        cpu.boundaryWork = (primary & (CPU_INTERRUPT_WINDOW_EXITING | CPU_NMI_WINDOW_EXITING | CPU_MONITOR_TRAP_FLAG)) != 0;
    }

    // ---- exits

    /** Records what every exit records; the caller fills in the rest and throws. */
    private void begin(ExitReason reason) {
        int vectoring = delivering;
        int vectoringError = deliveringErrorCode;
        int length = deliveringLength;
        delivering = 0;
        record.begin(reason);
        if (vectoring != 0) {
            record.idtVectoring = vectoring;
            record.idtVectoringErrorCode = vectoringError;
            record.instructionLength = length;
            // the event has ended the shadow it found; its injection would be refused in one
            cpu.interruptibility &= ~SHADOWS;
        }
    }

    private void leave(Op op, ExitReason reason, long qualification) {
        begin(reason);
        record.qualification = qualification;
        if (op != null) {
            record.instructionLength = op.length;
            record.instructionInformation = InstructionInformation.of(op, reason);
        }
        throw cpu.exitSignal;
    }

    @Override
    public void instruction(Cpu c, Op op, ExitReason reason, long qualification) {
        boolean exits = switch (reason) {
            case HLT -> (primary & CPU_HLT_EXITING) != 0;
            case INVLPG -> (primary & CPU_INVLPG_EXITING) != 0;
            case INVPCID -> enabled(CPU2_ENABLE_INVPCID) && (primary & CPU_INVLPG_EXITING) != 0;
            case MWAIT -> (primary & CPU_MWAIT_EXITING) != 0;
            case MONITOR -> (primary & CPU_MONITOR_EXITING) != 0;
            case PAUSE -> (primary & CPU_PAUSE_EXITING) != 0;
            case RDPMC -> (primary & CPU_RDPMC_EXITING) != 0;
            case RDTSC -> (primary & CPU_RDTSC_EXITING) != 0;
            case RDTSCP -> enabled(CPU2_ENABLE_RDTSCP) && (primary & CPU_RDTSC_EXITING) != 0;
            case WBINVD -> (secondary & CPU2_WBINVD_EXITING) != 0;
            case RDRAND -> (secondary & CPU2_RDRAND_EXITING) != 0;
            case RDSEED -> (secondary & CPU2_RDSEED_EXITING) != 0;
            case GDTR_IDTR_ACCESS, LDTR_TR_ACCESS -> (secondary & CPU2_DESCRIPTOR_TABLE_EXITING) != 0;
            case XSAVES, XRSTORS -> !enabled(CPU2_ENABLE_XSAVES);
            case SYSTEM_CALL -> false; // enters the guest's own ring 0
            default -> true; // CPUID, GETSEC, INVD, XSETBV, RSM and the VMX instructions always exit (SDM 3C, 26.1.2)
        };
        if (exits) {
            leave(op, reason, qualification);
        }
    }

    @Override
    public boolean lets(ExitReason reason) {
        return switch (reason) {
            case PAUSE -> (primary & CPU_PAUSE_EXITING) == 0;
            case RDTSC -> (primary & CPU_RDTSC_EXITING) == 0;
            case RDTSCP -> (secondary & CPU2_ENABLE_RDTSCP) != 0 && (primary & CPU_RDTSC_EXITING) == 0;
            case SYSTEM_CALL, EXCEPTION -> true; // INT n does not look at the exception bitmap
            default -> false;
        };
    }

    /** An instruction that is undefined unless a secondary control enables it. */
    private boolean enabled(int control) {
        if ((secondary & control) == 0) {
            throw cpu.undefined();
        }
        return true;
    }

    @Override
    public long readCr(Cpu c, Op op, int cr, int gpr) {
        switch (cr) {
            case 0:
                return cpu.cr0 & ~cr0Mask | cr0Shadow & cr0Mask;
            case 4:
                return cpu.cr4 & ~cr4Mask | cr4Shadow & cr4Mask;
            case 3:
                if ((primary & CPU_CR3_STORE_EXITING) != 0) {
                    leave(op, ExitReason.CR_ACCESS, 3 | 1 << 4 | (long) gpr << 8);
                }
                return cpu.cr3;
            case 8:
                if ((primary & CPU_CR8_STORE_EXITING) != 0) {
                    leave(op, ExitReason.CR_ACCESS, 8 | 1 << 4 | (long) gpr << 8);
                }
                return cpu.cr8;
            default:
                return cpu.cr2;
        }
    }

    @Override
    public long writeCr(Cpu c, Op op, int cr, int access, int gpr, long value) {
        switch (cr) {
            case 0: {
                if (access == 2) { // CLTS
                    if ((cr0Mask & cr0Shadow & 8) != 0) {
                        leave(op, ExitReason.CR_ACCESS, 2 << 4);
                    }
                    return (cr0Mask & 8) != 0 ? cpu.cr0 : cpu.cr0 & ~8L;
                }
                // LMSW cannot clear PE and concerns the low four bits only (SDM 3C, 26.1.3)
                long concerned = access == 3 ? cr0Mask & ((value & 1) != 0 ? 15 : 14) : cr0Mask;
                if (((value ^ cr0Shadow) & concerned) != 0) {
                    long qualification = access == 3 ? 3 << 4 | (value & 0xffff) << 16 | (gpr < 0 ? 1 << 6 : 0) : (long) gpr << 8;
                    leave(op, ExitReason.CR_ACCESS, qualification);
                }
                return value & ~cr0Mask | cpu.cr0 & cr0Mask;
            }
            case 4:
                if (((value ^ cr4Shadow) & cr4Mask) != 0) {
                    leave(op, ExitReason.CR_ACCESS, 4 | (long) gpr << 8);
                }
                return value & ~cr4Mask | cpu.cr4 & cr4Mask;
            case 3:
                if ((primary & CPU_CR3_LOAD_EXITING) != 0 && !isTarget(value)) {
                    leave(op, ExitReason.CR_ACCESS, 3 | (long) gpr << 8);
                }
                return value;
            case 8:
                if ((primary & CPU_CR8_LOAD_EXITING) != 0) {
                    leave(op, ExitReason.CR_ACCESS, 8 | (long) gpr << 8);
                }
                return value;
            default:
                return value;
        }
    }

    private boolean isTarget(long value) {
        int count = (int) vmcs.control(CR3_TARGET_COUNT);
        for (int i = 0; i < count; i++) {
            if (vmcs.control(CR3_TARGET_VALUE_0 + 2 * i) == value) {
                return true;
            }
        }
        return false;
    }

    @Override
    public void movDr(Cpu c, Op op, int dr, boolean fromDr, int gpr) {
        if ((primary & CPU_MOV_DR_EXITING) != 0) {
            leave(op, ExitReason.MOV_DR, dr | (fromDr ? 1 << 4 : 0) | (long) gpr << 8);
        }
    }

    @Override
    public void portIo(Cpu c, Op op, int port, int bytes, boolean in, boolean string, boolean rep, boolean immediatePort) {
        boolean exits = (primary & CPU_USE_IO_BITMAPS) != 0 ? inBitmap(port, bytes) : (primary & CPU_UNCONDITIONAL_IO_EXITING) != 0;
        if (exits) {
            leaveForPort(op, in, string,
                bytes - 1 | (in ? 8 : 0) | (string ? 16 : 0) | (rep ? 32 : 0) | (immediatePort ? 64 : 0) | (long) port << 16);
        }
    }

    private void leaveForPort(Op op, boolean in, boolean string, long qualification) {
        begin(ExitReason.IO_INSTRUCTION);
        record.qualification = qualification;
        record.instructionLength = op.length;
        if (string) {
            record.instructionInformation = InstructionInformation.of(op, ExitReason.IO_INSTRUCTION);
            int segment = in ? Cpu.ES : op.segment;
            long base = cpu.code64() && segment < Cpu.FS ? 0 : cpu.base[segment];
            record.guestLinear = base + (cpu.gpr(in ? RDI : RSI) & op.addressMask) & op.linearMask;
        }
        throw cpu.exitSignal;
    }

    private boolean inBitmap(int port, int bytes) {
        for (int p = port; p < port + bytes; p++) {
            // an access that wraps around the end of the port space exits (SDM 3C, 26.1.3)
            if (p > 0xffff || vmcs.bit(p < 0x8000 ? IO_BITMAP_A : IO_BITMAP_B, 0, p & 0x7fff)) {
                return true;
            }
        }
        return false;
    }

    @Override
    public void msr(Cpu c, Op op, int index, boolean write) {
        boolean exits = true;
        if ((primary & CPU_USE_MSR_BITMAPS) != 0) {
            int range = index >>> 13;
            if (range == 0 || range == 0xc0000000 >>> 13) {
                exits = vmcs.bit(MSR_BITMAP, (range == 0 ? 0 : 1024) + (write ? 2048 : 0), index & 0x1fff);
            }
        }
        if (exits) {
            begin(write ? ExitReason.WRMSR : ExitReason.RDMSR);
            record.instructionLength = op.length;
            // architecturally undefined for these exits; the index, for people
            record.qualification = index & 0xffffffffL;
            throw cpu.exitSignal;
        }
    }

    @Override
    public void taskSwitch(Cpu c, int selector, int source, int instructionLength) {
        begin(ExitReason.TASK_SWITCH);
        record.qualification = selector & 0xffff | (long) source << 30;
        record.instructionLength = instructionLength;
        throw cpu.exitSignal;
    }

    @Override
    public void exception(Cpu c, int vector, int errorCode, long detail, int type, int instructionLength) {
        if (type == 4 || vector > 31) {
            return; // INT n does not look at the exception bitmap
        }
        boolean exits = (exceptionBitmap >>> vector & 1) != 0;
        if (vector == ExceptionVector.PF) {
            boolean match = (errorCode & (int) vmcs.control(PAGE_FAULT_ERROR_CODE_MASK)) == (int) vmcs.control(PAGE_FAULT_ERROR_CODE_MATCH);
            exits = exits == match;
        }
        if (!exits) {
            return;
        }
        boolean hasErrorCode = type == 3 && ExceptionVector.pushesErrorCode(vector) && cpu.protectedMode();
        begin(ExitReason.EXCEPTION);
        int length = record.idtVectoring != 0 ? record.instructionLength : type == 5 || type == 6 ? instructionLength : 0;
        record.interruption(INTERRUPTION_VALID | type << 8 | vector | (hasErrorCode ? INTERRUPTION_ERROR_CODE : 0), hasErrorCode ? errorCode : 0, detail, length);
        throw cpu.exitSignal;
    }

    @Override
    public void duringDelivery(Cpu c, int vector, int errorCode, long detail) {
        exception(c, vector, errorCode, detail, TYPE_HARDWARE_EXCEPTION >> 8, 0);
    }

    @Override
    public void delivering(Cpu c, int interruption, int errorCode, int instructionLength) {
        delivering = interruption;
        deliveringErrorCode = errorCode;
        deliveringLength = instructionLength;
    }

    @Override
    public void tripleFault(Cpu c) {
        begin(ExitReason.TRIPLE_FAULT);
        record.idtVectoring = 0;
        throw cpu.exitSignal;
    }

    @Override
    public long tsc(Cpu c) {
        return cpu.tsc() + tscOffset;
    }

    @Override
    public void boundary(Cpu c) {
        if (cpu.trapsInstructions) {
            if (trapDue) {
                leave(null, ExitReason.MONITOR_TRAP_FLAG, 0);
            }
            trapDue = true;
        }
        if ((cpu.interruptibility & SHADOWS) != 0) {
            return;
        }
        if ((primary & CPU_NMI_WINDOW_EXITING) != 0 && (cpu.interruptibility & BLOCKING_BY_NMI) == 0) {
            leave(null, ExitReason.NMI_WINDOW, 0);
        }
        if ((primary & CPU_INTERRUPT_WINDOW_EXITING) != 0 && cpu.flag(Flags.IF)) {
            leave(null, ExitReason.INTERRUPT_WINDOW, 0);
        }
    }

    // ---- second-level translation

    @Override
    public void violation(long gpa, long gva, long qualification) {
        begin(ExitReason.EPT_VIOLATION);
        record.guestPhysical = gpa;
        record.guestLinear = (qualification & Ept.VIOLATION_LINEAR_VALID) != 0 ? gva : 0;
        record.qualification = qualification;
        throw cpu.exitSignal;
    }

    @Override
    public void misconfiguration(long gpa) {
        begin(ExitReason.EPT_MISCONFIGURATION);
        record.guestPhysical = gpa;
        throw cpu.exitSignal;
    }
}
