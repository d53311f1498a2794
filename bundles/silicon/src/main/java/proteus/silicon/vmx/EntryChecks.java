package proteus.silicon.vmx;

import static proteus.api.silicon.VmcsField.*;
import static proteus.api.silicon.VmxControls.*;

import proteus.api.silicon.SiliconFeature;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Flags;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.Efer;
import proteus.x86.format.Ept;
import proteus.x86.format.ExceptionVector;
import proteus.x86.format.PageTable;

/** The checks of VM entry on controls (SDM 3C, 27.2.1) and on guest state (27.3.1). */
final class EntryChecks {
    /** VM-instruction error: entry with invalid control fields (SDM 3C, table 31-1). */
    private static final int INVALID_CONTROLS = 7;

    private final Cpu cpu;
    private final ModelVmcs vmcs;
    private final VmxCapabilities capabilities;
    private String why = "";

    EntryChecks(Cpu cpu, ModelVmcs vmcs, VmxCapabilities capabilities) {
        this.cpu = cpu;
        this.vmcs = vmcs;
        this.capabilities = capabilities;
    }

    /** What the last failed check found, in a sentence. */
    String why() {
        return why;
    }

    private boolean no(String reason) {
        why = reason;
        return false;
    }

    /** @return 0, or the VM-instruction error */
    int controls() {
        return controlsValid() ? 0 : INVALID_CONTROLS;
    }

    private boolean controlsValid() {
        int pin = (int) vmcs.control(PIN_BASED_CONTROLS);
        int primary = (int) vmcs.control(PROCESSOR_BASED_CONTROLS);
        int secondary = (primary & CPU_ACTIVATE_SECONDARY_CONTROLS) != 0 ? (int) vmcs.control(SECONDARY_PROCESSOR_BASED_CONTROLS) : 0;
        if (!capabilities.allows(VmxCapabilities.TRUE_PINBASED, pin)) {
            return no("the pin-based controls 0x%x are not among the allowed settings".formatted(pin));
        }
        if (!capabilities.allows(VmxCapabilities.TRUE_PROCBASED, primary)) {
            return no("the primary processor-based controls 0x%x are not among the allowed settings".formatted(primary));
        }
        if (!capabilities.allows(VmxCapabilities.PROCBASED2, secondary)) {
            return no("the secondary processor-based controls 0x%x are not among the allowed settings".formatted(secondary));
        }
        if (!capabilities.allows(VmxCapabilities.TRUE_EXIT, (int) vmcs.control(VM_EXIT_CONTROLS))) {
            return no("the VM-exit controls 0x%x are not among the allowed settings".formatted(vmcs.control(VM_EXIT_CONTROLS)));
        }
        if (!capabilities.allows(VmxCapabilities.TRUE_ENTRY, (int) vmcs.control(VM_ENTRY_CONTROLS))) {
            return no("the VM-entry controls 0x%x are not among the allowed settings".formatted(vmcs.control(VM_ENTRY_CONTROLS)));
        }
        if (vmcs.control(CR3_TARGET_COUNT) > 4) {
            return no("the CR3-target count is above 4");
        }
        if ((primary & CPU_USE_IO_BITMAPS) != 0 && !(page(IO_BITMAP_A) && page(IO_BITMAP_B))) {
            return no("an I/O bitmap address is not a page of host memory");
        }
        if ((primary & CPU_USE_MSR_BITMAPS) != 0 && !page(MSR_BITMAP)) {
            return no("the MSR-bitmap address is not a page of host memory");
        }
        if ((pin & PIN_NMI_EXITING) == 0 && (pin & PIN_VIRTUAL_NMIS) != 0) {
            return no("virtual NMIs need NMI exiting");
        }
        if ((pin & PIN_VIRTUAL_NMIS) == 0 && (primary & CPU_NMI_WINDOW_EXITING) != 0) {
            return no("NMI-window exiting needs virtual NMIs");
        }
        if ((secondary & CPU2_ENABLE_VPID) != 0 && vmcs.control(VPID) == 0) {
            return no("VPID is enabled but zero");
        }
        if ((secondary & CPU2_UNRESTRICTED_GUEST) != 0 && (secondary & CPU2_ENABLE_EPT) == 0) {
            return no("unrestricted guest needs EPT");
        }
        return ((secondary & CPU2_ENABLE_EPT) == 0 || eptPointer()) && injection();
    }

    private boolean page(int field) {
        long hpa = vmcs.control(field);
        return (hpa & 0xfff) == 0 && cpu.mmu.memory().contains(hpa, 4096);
    }

    private boolean eptPointer() {
        long eptp = vmcs.control(EPT_POINTER);
        int type = (int) (eptp & Ept.EPTP_MEMORY_TYPE);
        boolean valid = (type == Ept.UNCACHEABLE || type == Ept.WRITE_BACK) && (eptp & Ept.EPTP_WALK_LENGTH) == 3L << Ept.EPTP_WALK_LENGTH_SHIFT
            && (eptp & 0xf80) == 0 && cpu.mmu.memory().contains(eptp & Ept.EPTP_ROOT, 4096);
        return valid || no("the EPT pointer 0x%x is malformed or outside host memory".formatted(eptp));
    }

    private boolean injection() {
        int info = (int) vmcs.control(VM_ENTRY_INTERRUPTION_INFORMATION);
        if ((info & INTERRUPTION_VALID) == 0) {
            return true;
        }
        int type = info >> 8 & 7;
        int vector = info & 0xff;
        if (type == 1 || type == 7 || (info & 0x7ffff000) != 0) {
            return no("the VM-entry interruption information 0x%x has a reserved type or bit".formatted(info));
        }
        if (type == 2 && vector != 2 || type == 3 && vector > 31) {
            return no("the VM-entry interruption information 0x%x names a vector that its type has not".formatted(info));
        }
        boolean wants = type == 3 && ExceptionVector.pushesErrorCode(vector) && cpu.protectedMode();
        if (wants != ((info & INTERRUPTION_ERROR_CODE) != 0)) {
            return no("the VM-entry interruption information 0x%x has the error-code bit wrong".formatted(info));
        }
        long length = vmcs.control(VM_ENTRY_INSTRUCTION_LENGTH);
        return type < 4 || length >= 1 && length <= 15 || no("an injected software event needs an instruction length of 1 to 15");
    }

    boolean guestState() {
        boolean unrestricted = cpu.features.has(SiliconFeature.UNRESTRICTED_GUEST) && (vmcs.control(SECONDARY_PROCESSOR_BASED_CONTROLS) & CPU2_UNRESTRICTED_GUEST) != 0
            && (vmcs.control(PROCESSOR_BASED_CONTROLS) & CPU_ACTIVATE_SECONDARY_CONTROLS) != 0;
        long need0 = capabilities.read(VmxCapabilities.CR0_FIXED0) & (unrestricted ? ~(Cr0.PE | Cr0.PG) : -1);
        if ((cpu.cr0 & need0) != need0 || (cpu.cr0 & ~0xffffffffL) != 0) {
            return no("CR0 0x%x has bits that VMX operation fixes otherwise".formatted(cpu.cr0));
        }
        if ((cpu.cr0 & (Cr0.PG | Cr0.PE)) == Cr0.PG) {
            return no("CR0 0x%x has PG without PE".formatted(cpu.cr0));
        }
        long need4 = capabilities.read(VmxCapabilities.CR4_FIXED0);
        long may4 = capabilities.read(VmxCapabilities.CR4_FIXED1);
        if ((cpu.cr4 & need4) != need4 || (cpu.cr4 & ~may4) != 0) {
            return no("CR4 0x%x has bits that VMX operation fixes otherwise".formatted(cpu.cr4));
        }
        boolean ia32e = (vmcs.control(VM_ENTRY_CONTROLS) & ENTRY_IA32E_MODE_GUEST) != 0;
        if (ia32e != cpu.longMode()) {
            return no("the IA-32e-mode-guest control does not agree with EFER.LMA");
        }
        if (ia32e && ((cpu.cr0 & Cr0.PG) == 0 || (cpu.cr4 & Cr4.PAE) == 0)) {
            return no("IA-32e mode without CR0.PG and CR4.PAE");
        }
        if ((cpu.cr0 & Cr0.PG) != 0 && ((cpu.efer & Efer.LMA) != 0) != ((cpu.efer & Efer.LME) != 0)) {
            return no("EFER.LMA and EFER.LME differ with paging on");
        }
        if (vmcs.read(VMCS_LINK_POINTER) != -1) {
            return no("the VMCS link pointer is not all ones");
        }
        return flagsAndActivity(ia32e) && segments(ia32e, unrestricted);
    }

    private boolean flagsAndActivity(boolean ia32e) {
        long flags = cpu.rflags();
        if ((flags & ~0x3f7fd7L) != 0 || (flags & 2) == 0) {
            return no("RFLAGS 0x%x has reserved bits wrong".formatted(flags));
        }
        if ((flags & Flags.VM) != 0 && (ia32e || !cpu.protectedMode())) {
            return no("RFLAGS.VM outside protected mode");
        }
        long rip = cpu.rip();
        boolean code64 = ia32e && (cpu.rights[Cpu.CS] & 1 << 13) != 0;
        if (code64 ? !PageTable.canonical(rip, 48) : rip >>> 32 != 0) {
            return no("RIP 0x%x is out of range".formatted(rip));
        }
        int blocking = cpu.interruptibility;
        if (cpu.activity < 0 || cpu.activity > 3 || cpu.activity == 1 && (cpu.rights[Cpu.SS] >> 5 & 3) != 0) {
            return no("activity state %d".formatted(cpu.activity));
        }
        if ((blocking & ~0xf) != 0 || (blocking & 3) == 3 || (blocking & BLOCKING_BY_STI) != 0 && (flags & Flags.IF) == 0) {
            return no("interruptibility state 0x%x".formatted(blocking));
        }
        int event = (int) vmcs.control(VM_ENTRY_INTERRUPTION_INFORMATION);
        boolean external = (event & INTERRUPTION_VALID) != 0 && (event & TYPE_MASK) == TYPE_EXTERNAL_INTERRUPT;
        if (external && ((flags & Flags.IF) == 0 || (blocking & 3) != 0)) {
            return no("an external interrupt is injected while interrupts are blocked");
        }
        return true;
    }

    private boolean segments(boolean ia32e, boolean unrestricted) {
        int tr = cpu.rights[Cpu.TR];
        int trType = tr & 15;
        if ((tr & 1 << 16) != 0 || (tr & 1 << 4) != 0 || (tr & 1 << 7) == 0 || trType != 11 && (ia32e || trType != 3)) {
            return no("TR's access rights 0x%x are no busy TSS".formatted(tr));
        }
        if ((cpu.selector[Cpu.TR] & 4) != 0) {
            return no("TR's selector points into the LDT");
        }
        int ldtr = cpu.rights[Cpu.LDTR];
        if ((ldtr & 1 << 16) == 0 && ((ldtr & 15) != 2 || (ldtr & 1 << 4) != 0 || (ldtr & 1 << 7) == 0)) {
            return no("LDTR's access rights 0x%x are no LDT".formatted(ldtr));
        }
        if ((cpu.rflags() & Flags.VM) != 0) {
            for (int i = 0; i < 6; i++) {
                if (cpu.rights[i] != 0xf3 || cpu.limit[i] != 0xffff || cpu.base[i] != (long) cpu.selector[i] << 4) {
                    return no("segment register %d is not as virtual-8086 mode has it".formatted(i));
                }
            }
            return true;
        }
        int cs = cpu.rights[Cpu.CS];
        int csType = cs & 15;
        boolean code = csType == 9 || csType == 11 || csType == 13 || csType == 15 || unrestricted && csType == 3;
        if ((cs & 1 << 16) != 0 || !code || (cs & 1 << 4) == 0 || (cs & 1 << 7) == 0) {
            return no("CS's access rights 0x%x are no accessed code segment".formatted(cs));
        }
        if (ia32e && (cs & 1 << 13) != 0 && (cs & 1 << 14) != 0) {
            return no("CS has both L and D");
        }
        int ss = cpu.rights[Cpu.SS];
        if ((ss & 1 << 16) == 0 && (ss & 15) != 3 && (ss & 15) != 7) {
            return no("SS's access rights 0x%x are no writable data segment".formatted(ss));
        }
        return true;
    }
}
