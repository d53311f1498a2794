package proteus.silicon.vmx;

import static proteus.api.silicon.VmcsField.*;
import static proteus.api.silicon.VmxControls.*;

import proteus.silicon.cpu.Cpu;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.Efer;
import proteus.x86.format.PageTable;

/** The checks of VM entry on the host-state area (SDM 3C, 27.2.2 to 27.2.4); what fails is VM-instruction error 8. */
final class HostStateChecks {
    private static final int LINEAR_BITS = 48;
    private static final long EFER_DEFINED = Efer.SCE | Efer.LME | Efer.LMA | Efer.NXE;
    private static final int[] SELECTORS = {HOST_ES_SELECTOR, HOST_CS_SELECTOR, HOST_SS_SELECTOR, HOST_DS_SELECTOR, HOST_FS_SELECTOR, HOST_GS_SELECTOR, HOST_TR_SELECTOR};
    private static final int[] BASES = {HOST_FS_BASE, HOST_GS_BASE, HOST_TR_BASE, HOST_GDTR_BASE, HOST_IDTR_BASE, HOST_IA32_SYSENTER_ESP, HOST_IA32_SYSENTER_EIP};

    private final Cpu cpu;
    private final ModelVmcs vmcs;
    private final VmxCapabilities capabilities;

    HostStateChecks(Cpu cpu, ModelVmcs vmcs, VmxCapabilities capabilities) {
        this.cpu = cpu;
        this.vmcs = vmcs;
        this.capabilities = capabilities;
    }

    /** What is wrong, in words; empty if nothing is. */
    String find() {
        long cr0 = vmcs.control(HOST_CR0);
        long cr4 = vmcs.control(HOST_CR4);
        int exit = (int) vmcs.control(VM_EXIT_CONTROLS);
        long must0 = capabilities.read(VmxCapabilities.CR0_FIXED0);
        if ((cr0 & must0) != must0 || cr0 >>> 32 != 0) {
            return "the host's CR0 0x%x has bits that VMX operation fixes otherwise".formatted(cr0);
        }
        if ((cr4 & Cr4.VMXE) == 0 || (cr4 & ~capabilities.read(VmxCapabilities.CR4_FIXED1)) != 0) {
            return "the host's CR4 0x%x has bits that VMX operation fixes otherwise".formatted(cr4);
        }
        if (vmcs.control(HOST_CR3) >>> cpu.features.physicalBits() != 0) {
            return "the host's CR3 0x%x is beyond the physical-address width".formatted(vmcs.control(HOST_CR3));
        }
        // the model's VMM is a 64-bit one (SDM 3C, 27.2.4)
        if ((exit & EXIT_HOST_ADDRESS_SPACE_SIZE) == 0 || (cr4 & Cr4.PAE) == 0 || (cr0 & Cr0.PG) == 0) {
            return "the host is in IA-32e mode, but the host-address-space-size control or CR4.PAE of the host is 0";
        }
        if (!PageTable.canonical(vmcs.control(HOST_RIP), LINEAR_BITS)) {
            return "the host's RIP is not canonical";
        }
        for (int base : BASES) {
            if (!PageTable.canonical(vmcs.control(base), LINEAR_BITS)) {
                return "%s is not canonical".formatted(ModelVmcs.NAMES.get(base));
            }
        }
        for (int selector : SELECTORS) {
            if ((vmcs.control(selector) & 7) != 0) {
                return "%s has a requested privilege level or names the LDT".formatted(ModelVmcs.NAMES.get(selector));
            }
        }
        if (vmcs.control(HOST_CS_SELECTOR) == 0 || vmcs.control(HOST_TR_SELECTOR) == 0) {
            return "the host's CS or TR selector is null";
        }
        if ((exit & EXIT_LOAD_PAT) != 0 && !GuestStateChecks.memoryTypes(vmcs.control(HOST_IA32_PAT))) {
            return "the host's PAT 0x%x has a memory type that does not exist".formatted(vmcs.control(HOST_IA32_PAT));
        }
        long efer = vmcs.control(HOST_IA32_EFER);
        if ((exit & EXIT_LOAD_EFER) != 0 && ((efer & ~EFER_DEFINED) != 0 || (efer & (Efer.LME | Efer.LMA)) != (Efer.LME | Efer.LMA))) {
            return "the host's EFER 0x%x does not agree with a 64-bit host".formatted(efer);
        }
        return "";
    }
}
