package proteus.silicon.vmx;

import static proteus.api.silicon.VmcsField.*;
import static proteus.api.silicon.VmxControls.*;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Flags;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.Efer;
import proteus.x86.format.PageTable;

/** The checks of VM entry on the guest-state area (SDM 3C, 27.3.1); what fails is exit reason 33. */
final class GuestStateChecks {
    private static final int LINEAR_BITS = 48;
    /** Memory types that a PAT entry may have: UC, WC, WT, WP, WB, UC- (SDM 3A, table 13-10). */
    private static final int PAT_TYPES = 1 | 1 << 1 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7;
    private static final long DEBUGCTL_DEFINED = 3, DEBUGCTL_BTF = 2;
    private static final long RFLAGS_RESERVED = ~0x3f7fd7L;
    /** Activity states (SDM 3C, 25.4.2). */
    private static final int ACTIVE = 0, HLT = 1, LAST_ACTIVITY = 3;
    private static final int SHADOWS = BLOCKING_BY_STI | BLOCKING_BY_MOV_SS;
    /** Pending debug exceptions (SDM 3C, table 25-4). */
    private static final long PENDING_DEFINED = 0xf | 1 << 12 | 1 << 14 | 1 << 16, PENDING_BS = 1 << 14;

    // Access rights (SDM 3C, table 25-2)
    private static final int TYPE = 15, S = 1 << 4, P = 1 << 7, L = 1 << 13, DB = 1 << 14, G = 1 << 15, UNUSABLE = 1 << 16, RIGHTS_RESERVED = ~0x1f0ff;
    private static final int DATA_ACCESSED = 3, LDT = 2, BUSY_TSS16 = 3, BUSY_TSS32 = 11;

    private final Cpu cpu;
    private final ModelVmcs vmcs;
    private final VmxCapabilities capabilities;

    GuestStateChecks(Cpu cpu, ModelVmcs vmcs, VmxCapabilities capabilities) {
        this.cpu = cpu;
        this.vmcs = vmcs;
        this.capabilities = capabilities;
    }

    /** Whether each byte of a PAT is a memory type. */
    static boolean memoryTypes(long pat) {
        for (int i = 0; i < 64; i += 8) {
            long type = pat >>> i & 0xff;
            if (type > 7 || (PAT_TYPES >>> (int) type & 1) == 0) {
                return false;
            }
        }
        return true;
    }

    /**
     * Looks at the guest's state.
     *
     * @param unrestricted the unrestricted-guest control, as in force
     * @return what is wrong, in words; empty if nothing is
     */
    String find(boolean unrestricted) {
        boolean ia32e = (vmcs.control(VM_ENTRY_CONTROLS) & ENTRY_IA32E_MODE_GUEST) != 0;
        String wrong = controlRegisters(ia32e, unrestricted);
        if (wrong.isEmpty()) {
            wrong = ripAndFlags(ia32e);
        }
        if (wrong.isEmpty()) {
            wrong = (cpu.get(proteus.silicon.cpu.CpuLayout.FLAGS) & Flags.VM) != 0 ? v8086() : segments(ia32e, unrestricted);
        }
        if (wrong.isEmpty()) {
            wrong = systemSegments(ia32e);
        }
        return wrong.isEmpty() ? nonRegisterState() : wrong;
    }

    private String controlRegisters(boolean ia32e, boolean unrestricted) {
        long need0 = capabilities.read(VmxCapabilities.CR0_FIXED0) & (unrestricted ? ~(Cr0.PE | Cr0.PG) : -1);
        if ((cpu.cr0 & need0) != need0 || cpu.cr0 >>> 32 != 0) {
            return "CR0 0x%x has bits that VMX operation fixes otherwise".formatted(cpu.cr0);
        }
        if ((cpu.cr0 & (Cr0.PG | Cr0.PE)) == Cr0.PG) {
            return "CR0 0x%x has PG without PE".formatted(cpu.cr0);
        }
        long need4 = capabilities.read(VmxCapabilities.CR4_FIXED0);
        if ((cpu.cr4 & need4) != need4 || (cpu.cr4 & ~capabilities.read(VmxCapabilities.CR4_FIXED1)) != 0) {
            return "CR4 0x%x has bits that VMX operation fixes otherwise".formatted(cpu.cr4);
        }
        if (ia32e != cpu.longMode()) {
            return "the IA-32e-mode-guest control does not agree with EFER.LMA";
        }
        if (ia32e && ((cpu.cr0 & Cr0.PG) == 0 || (cpu.cr4 & Cr4.PAE) == 0)) {
            return "IA-32e mode without CR0.PG and CR4.PAE";
        }
        if (!ia32e && (cpu.cr4 & Cr4.PCIDE) != 0) {
            return "CR4.PCIDE outside IA-32e mode";
        }
        if ((cpu.cr0 & Cr0.PG) != 0 && ((cpu.efer & Efer.LMA) != 0) != ((cpu.efer & Efer.LME) != 0)) {
            return "EFER.LMA and EFER.LME differ with paging on";
        }
        if (cpu.cr3 >>> cpu.features.physicalBits() != 0) {
            return "CR3 0x%x is beyond the physical-address width".formatted(cpu.cr3);
        }
        int entry = (int) vmcs.control(VM_ENTRY_CONTROLS);
        if ((entry & ENTRY_LOAD_DEBUG_CONTROLS) != 0 && ((cpu.msrs.debugctl & ~DEBUGCTL_DEFINED) != 0 || cpu.dr[7] >>> 32 != 0)) {
            return "IA32_DEBUGCTL 0x%x or DR7 0x%x has reserved bits".formatted(cpu.msrs.debugctl, cpu.dr[7]);
        }
        if (!PageTable.canonical(cpu.msrs.sysenterEsp, LINEAR_BITS) || !PageTable.canonical(cpu.msrs.sysenterEip, LINEAR_BITS)) {
            return "an address of SYSENTER is not canonical";
        }
        if ((entry & ENTRY_LOAD_PAT) != 0 && !memoryTypes(cpu.msrs.pat)) {
            return "PAT 0x%x has a memory type that does not exist".formatted(cpu.msrs.pat);
        }
        if ((entry & ENTRY_LOAD_EFER) != 0 && (cpu.efer & ~(Efer.SCE | Efer.LME | Efer.LMA | Efer.NXE)) != 0) {
            return "EFER 0x%x has reserved bits".formatted(cpu.efer);
        }
        return "";
    }

    private String ripAndFlags(boolean ia32e) {
        long flags = cpu.rflags();
        if ((flags & RFLAGS_RESERVED) != 0 || (flags & 2) == 0) {
            return "RFLAGS 0x%x has reserved bits wrong".formatted(flags);
        }
        if ((flags & Flags.VM) != 0 && (ia32e || !cpu.protectedMode())) {
            return "RFLAGS.VM outside protected mode";
        }
        if ((flags & Flags.IF) == 0 && injects(TYPE_EXTERNAL_INTERRUPT)) {
            return "an external interrupt is injected while RFLAGS.IF is 0";
        }
        long rip = cpu.rip();
        boolean code64 = ia32e && (cpu.rights[Cpu.CS] & L) != 0;
        return (code64 ? PageTable.canonical(rip, LINEAR_BITS) : rip >>> 32 == 0) ? "" : "RIP 0x%x is out of range".formatted(rip);
    }

    private boolean injects(int type) {
        int event = (int) vmcs.control(VM_ENTRY_INTERRUPTION_INFORMATION);
        return (event & INTERRUPTION_VALID) != 0 && (event & TYPE_MASK) == type;
    }

    // ---- segments (SDM 3C, 27.3.1.2)

    private String v8086() {
        for (int i = 0; i < 6; i++) {
            if (cpu.rights[i] != 0xf3 || cpu.limit[i] != 0xffff || cpu.base[i] != (long) cpu.selector[i] << 4) {
                return "segment register %d is not as virtual-8086 mode has it".formatted(i);
            }
        }
        return "";
    }

    private String segments(boolean ia32e, boolean unrestricted) {
        int cs = cpu.rights[Cpu.CS];
        int csType = cs & TYPE;
        int ss = cpu.rights[Cpu.SS];
        boolean code = (csType & 9) == 9 || unrestricted && csType == DATA_ACCESSED;
        if ((cs & (UNUSABLE | RIGHTS_RESERVED)) != 0 || !code || (cs & S) == 0 || (cs & P) == 0) {
            return "CS's access rights 0x%x are no accessed code segment".formatted(cs);
        }
        boolean dplFits = switch (csType) {
            case DATA_ACCESSED -> dpl(cs) == 0;
            case 9, 11 -> dpl(cs) == dpl(ss);
            default -> dpl(cs) <= dpl(ss);
        };
        if (!dplFits) {
            return "CS's privilege level %d does not go with SS's, %d".formatted(dpl(cs), dpl(ss));
        }
        if (ia32e && (cs & L) != 0 && (cs & DB) != 0) {
            return "CS has both L and D";
        }
        if (!granular(Cpu.CS)) {
            return limit(Cpu.CS);
        }
        if ((ss & UNUSABLE) == 0 && ((ss & TYPE) != DATA_ACCESSED && (ss & TYPE) != 7 || (ss & S) == 0 || (ss & P) == 0 || (ss & RIGHTS_RESERVED) != 0)) {
            return "SS's access rights 0x%x are no writable data segment".formatted(ss);
        }
        if (!unrestricted && ((cpu.selector[Cpu.SS] & 3) != (cpu.selector[Cpu.CS] & 3) || dpl(ss) != (cpu.selector[Cpu.SS] & 3))) {
            return "SS's selector 0x%x and privilege level %d do not go with CS's selector 0x%x".formatted(cpu.selector[Cpu.SS], dpl(ss), cpu.selector[Cpu.CS]);
        }
        if ((csType == DATA_ACCESSED || !cpu.protectedMode()) && dpl(ss) != 0) {
            return "SS's privilege level is %d in real mode".formatted(dpl(ss));
        }
        for (int i : new int[] {Cpu.SS, Cpu.DS, Cpu.ES, Cpu.FS, Cpu.GS}) {
            String wrong = i == Cpu.SS ? "" : data(i, unrestricted);
            if (wrong.isEmpty() && (cpu.rights[i] & UNUSABLE) == 0 && !granular(i)) {
                wrong = limit(i);
            }
            if (!wrong.isEmpty()) {
                return wrong;
            }
        }
        if (cpu.base[Cpu.CS] >>> 32 != 0 || usable(Cpu.SS) && cpu.base[Cpu.SS] >>> 32 != 0 || usable(Cpu.DS) && cpu.base[Cpu.DS] >>> 32 != 0
            || usable(Cpu.ES) && cpu.base[Cpu.ES] >>> 32 != 0) {
            return "the base of CS, SS, DS or ES is beyond 32 bits";
        }
        return canonical(Cpu.FS) && canonical(Cpu.GS) ? "" : "the base of FS or GS is not canonical";
    }

    private String data(int register, boolean unrestricted) {
        int rights = cpu.rights[register];
        if ((rights & UNUSABLE) != 0) {
            return "";
        }
        int type = rights & TYPE;
        boolean readable = (type & 1) != 0 && ((type & 8) == 0 || (type & 2) != 0);
        boolean reachable = unrestricted || type > 11 || dpl(rights) >= (cpu.selector[register] & 3);
        return readable && reachable && (rights & S) != 0 && (rights & P) != 0 && (rights & RIGHTS_RESERVED) == 0
            ? ""
            : "segment register %d's access rights 0x%x are no accessed readable segment".formatted(register, rights);
    }

    private String systemSegments(boolean ia32e) {
        int tr = cpu.rights[Cpu.TR];
        int trType = tr & TYPE;
        if ((tr & (UNUSABLE | S | RIGHTS_RESERVED)) != 0 || (tr & P) == 0 || trType != BUSY_TSS32 && (ia32e || trType != BUSY_TSS16) || !granular(Cpu.TR)) {
            return "TR's access rights 0x%x with limit 0x%x are no busy TSS".formatted(tr, cpu.limit[Cpu.TR]);
        }
        if ((cpu.selector[Cpu.TR] & 4) != 0 || !canonical(Cpu.TR)) {
            return "TR's selector points into the LDT, or its base is not canonical";
        }
        int ldtr = cpu.rights[Cpu.LDTR];
        if (usable(Cpu.LDTR) && ((ldtr & TYPE) != LDT || (ldtr & (S | RIGHTS_RESERVED)) != 0 || (ldtr & P) == 0 || !granular(Cpu.LDTR)
            || (cpu.selector[Cpu.LDTR] & 4) != 0 || !canonical(Cpu.LDTR))) {
            return "LDTR's access rights 0x%x are no LDT".formatted(ldtr);
        }
        return PageTable.canonical(cpu.gdtrBase, LINEAR_BITS) && PageTable.canonical(cpu.idtrBase, LINEAR_BITS) ? "" : "the base of GDTR or IDTR is not canonical";
    }

    private static int dpl(int rights) {
        return rights >> 5 & 3;
    }

    private boolean usable(int register) {
        return (cpu.rights[register] & UNUSABLE) == 0;
    }

    private boolean canonical(int register) {
        return PageTable.canonical(cpu.base[register], LINEAR_BITS);
    }

    /** G agrees with the limit: with it the low 12 bits are ones, without it the high 12 are zeros. */
    private boolean granular(int register) {
        long limit = cpu.limit[register];
        boolean g = (cpu.rights[register] & G) != 0;
        return g ? (limit & 0xfff) == 0xfff : limit >>> 20 == 0;
    }

    private String limit(int register) {
        return "segment register %d's limit 0x%x does not go with its granularity".formatted(register, cpu.limit[register]);
    }

    // ---- non-register state (SDM 3C, 27.3.1.5)

    private String nonRegisterState() {
        int blocking = cpu.interruptibility;
        int activity = cpu.activity;
        if (activity < ACTIVE || activity > LAST_ACTIVITY || activity == HLT && dpl(cpu.rights[Cpu.SS]) != 0 || activity != ACTIVE && (blocking & SHADOWS) != 0) {
            return "activity state %d with interruptibility state 0x%x".formatted(activity, blocking);
        }
        if ((blocking & ~0xf) != 0 || (blocking & SHADOWS) == SHADOWS || (blocking & BLOCKING_BY_SMI) != 0 || (blocking & BLOCKING_BY_STI) != 0 && !cpu.flag(Flags.IF)) {
            return "interruptibility state 0x%x".formatted(blocking);
        }
        if (injects(TYPE_EXTERNAL_INTERRUPT) && (blocking & SHADOWS) != 0) {
            return "an external interrupt is injected in an interrupt shadow";
        }
        boolean virtualNmis = (vmcs.control(PIN_BASED_CONTROLS) & PIN_VIRTUAL_NMIS) != 0;
        if (injects(TYPE_NMI) && ((blocking & BLOCKING_BY_MOV_SS) != 0 || virtualNmis && (blocking & BLOCKING_BY_NMI) != 0)) {
            return "an NMI is injected while NMIs are blocked";
        }
        long pending = cpu.pendingDebug;
        boolean stepping = cpu.flag(Flags.TF) && (cpu.msrs.debugctl & DEBUGCTL_BTF) == 0;
        if ((pending & ~PENDING_DEFINED) != 0 || ((blocking & SHADOWS) != 0 || activity == HLT) && ((pending & PENDING_BS) != 0) != stepping) {
            return "the pending debug exceptions 0x%x do not go with RFLAGS.TF".formatted(pending);
        }
        return vmcs.read(VMCS_LINK_POINTER) == -1 ? "" : "the VMCS link pointer is not all ones";
    }
}
