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
    /** Exit qualification of an entry that failed on loading PDPTEs (SDM 3C, 27.8). */
    private static final long PDPTE_LOADING = 2;

    private final Cpu cpu;
    private final ExitRecord record;
    private final ModelVmcs vmcs;
    private final EntryChecks checks;

    // Controls as of the last entry.
    private int primary, secondary, exceptionBitmap;
    private long cr0Mask, cr0Shadow, cr4Mask, cr4Shadow, tscOffset, eptPointer;
    /** The event that is being delivered, for IDT-vectoring information. */
    private int delivering, deliveringErrorCode, deliveringLength;

    public VmxUnit(Cpu cpu, ExitRecord record) {
        this.cpu = cpu;
        this.record = record;
        VmxCapabilities capabilities = new VmxCapabilities(cpu);
        vmcs = new ModelVmcs(cpu, record, capabilities);
        checks = new EntryChecks(cpu, vmcs, capabilities);
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
            int error = checks.controls();
            if (error != 0) {
                vmcs.storeControl(VM_INSTRUCTION_ERROR, error);
                return failed(ExitReason.ENTRY_INVALID_CONTROLS, error, checks.why());
            }
            loadControls();
            vmcs.changed = false;
        }
        if (!checks.guestState()) {
            return failed(ExitReason.ENTRY_FAILURE_GUEST_STATE, 0, checks.why());
        }
        if (eptPointer == 0 && (cpu.cr0 & Cr0.PG) != 0 && (cpu.cr4 & Cr4.PAE) != 0 && !cpu.longMode() && !loadPdptes()) {
            return failed(ExitReason.ENTRY_FAILURE_GUEST_STATE, PDPTE_LOADING, "a PDPTE that CR3 0x%x leads to has reserved bits set".formatted(cpu.cr3));
        }
        if ((secondary & CPU2_ENABLE_VPID) == 0) {
            cpu.mmu.flushAll();
        }
        int event = (int) vmcs.control(VM_ENTRY_INTERRUPTION_INFORMATION);
        if ((event & INTERRUPTION_VALID) != 0) {
            vmcs.storeControl(VM_ENTRY_INTERRUPTION_INFORMATION, event & 0x7fffffffL);
            cpu.activity = 0;
            cpu.units.inject(cpu, event, (int) vmcs.control(VM_ENTRY_EXCEPTION_ERROR_CODE), (int) vmcs.control(VM_ENTRY_INSTRUCTION_LENGTH));
        }
        return ExitReason.NONE;
    }

    /** Without EPT an entry to PAE paging loads the PDPTEs as MOV to CR3 does (SDM 3C, 27.3.1.6 and 27.3.2.4). */
    private boolean loadPdptes() {
        long table = cpu.cr3 & Cr3.ROOT_PAE;
        long reserved = PageTable.reservedPae(3, false, cpu.features.physicalBits(), true);
        for (int i = 0; i < cpu.pdpte.length; i++) {
            long entry = cpu.mmu.readPhysical64(table + 8L * i);
            if ((entry & PageTable.PRESENT) != 0 && (entry & reserved) != 0) {
                return false;
            }
            cpu.pdpte[i] = entry;
        }
        return true;
    }

    private ExitReason failed(ExitReason reason, long detail, String why) {
        record.begin(reason);
        record.qualification = detail;
        record.why = why;
        return reason;
    }

    private void loadControls() {
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
        cpu.boundaryWork = (primary & (CPU_INTERRUPT_WINDOW_EXITING | CPU_NMI_WINDOW_EXITING)) != 0;
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
        }
    }

    private void leave(Op op, ExitReason reason, long qualification) {
        begin(reason);
        record.qualification = qualification;
        if (op != null) {
            record.instructionLength = op.length;
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
            leave(op, ExitReason.IO_INSTRUCTION,
                bytes - 1 | (in ? 8 : 0) | (string ? 16 : 0) | (rep ? 32 : 0) | (immediatePort ? 64 : 0) | (long) port << 16);
        }
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
        if ((cpu.interruptibility & 3) != 0) {
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
