package proteus.silicon.vmx;

import static proteus.api.silicon.VmcsField.*;
import static proteus.api.silicon.VmxControls.*;

import proteus.silicon.cpu.Cpu;
import proteus.x86.format.Ept;
import proteus.x86.format.ExceptionVector;

/** The checks of VM entry on VM-execution, VM-exit and VM-entry control fields (SDM 3C, 27.2.1); what fails is VM-instruction error 7. */
final class ControlChecks {
    private static final int OTHER_EVENT = 7 << 8, RESERVED_TYPE = 1 << 8;

    private final Cpu cpu;
    private final ModelVmcs vmcs;
    private final VmxCapabilities capabilities;

    ControlChecks(Cpu cpu, ModelVmcs vmcs, VmxCapabilities capabilities) {
        this.cpu = cpu;
        this.vmcs = vmcs;
        this.capabilities = capabilities;
    }

    /** What is wrong, in words; empty if nothing is. */
    String find() {
        int pin = (int) vmcs.control(PIN_BASED_CONTROLS);
        int primary = (int) vmcs.control(PROCESSOR_BASED_CONTROLS);
        int secondary = (primary & CPU_ACTIVATE_SECONDARY_CONTROLS) != 0 ? (int) vmcs.control(SECONDARY_PROCESSOR_BASED_CONTROLS) : 0;
        int exit = (int) vmcs.control(VM_EXIT_CONTROLS);
        if (!capabilities.allows(VmxCapabilities.TRUE_PINBASED, pin)) {
            return "the pin-based controls 0x%x are not among the allowed settings".formatted(pin);
        }
        if (!capabilities.allows(VmxCapabilities.TRUE_PROCBASED, primary)) {
            return "the primary processor-based controls 0x%x are not among the allowed settings".formatted(primary);
        }
        if (!capabilities.allows(VmxCapabilities.PROCBASED2, secondary)) {
            return "the secondary processor-based controls 0x%x are not among the allowed settings".formatted(secondary);
        }
        if (!capabilities.allows(VmxCapabilities.TRUE_EXIT, exit)) {
            return "the VM-exit controls 0x%x are not among the allowed settings".formatted(exit);
        }
        if (!capabilities.allows(VmxCapabilities.TRUE_ENTRY, (int) vmcs.control(VM_ENTRY_CONTROLS))) {
            return "the VM-entry controls 0x%x are not among the allowed settings".formatted(vmcs.control(VM_ENTRY_CONTROLS));
        }
        if (vmcs.control(CR3_TARGET_COUNT) > 4) {
            return "the CR3-target count is above 4";
        }
        if ((primary & CPU_USE_IO_BITMAPS) != 0 && !(page(IO_BITMAP_A) && page(IO_BITMAP_B))) {
            return "an I/O bitmap address is not a page of host memory";
        }
        if ((primary & CPU_USE_MSR_BITMAPS) != 0 && !page(MSR_BITMAP)) {
            return "the MSR-bitmap address is not a page of host memory";
        }
        if ((pin & PIN_NMI_EXITING) == 0 && (pin & PIN_VIRTUAL_NMIS) != 0) {
            return "virtual NMIs need NMI exiting";
        }
        if ((pin & PIN_VIRTUAL_NMIS) == 0 && (primary & CPU_NMI_WINDOW_EXITING) != 0) {
            return "NMI-window exiting needs virtual NMIs";
        }
        if ((secondary & CPU2_ENABLE_VPID) != 0 && vmcs.control(VPID) == 0) {
            return "VPID is enabled but zero";
        }
        if ((secondary & CPU2_UNRESTRICTED_GUEST) != 0 && (secondary & CPU2_ENABLE_EPT) == 0) {
            return "unrestricted guest needs EPT";
        }
        if ((secondary & CPU2_ENABLE_EPT) != 0 && !eptPointer()) {
            return "the EPT pointer 0x%x is malformed or outside host memory".formatted(vmcs.control(EPT_POINTER));
        }
        if ((pin & PIN_PREEMPTION_TIMER) == 0 && (exit & EXIT_SAVE_PREEMPTION_TIMER) != 0) {
            return "the preemption timer is to be saved but does not run";
        }
        if (!area(VM_EXIT_MSR_STORE_ADDRESS, VM_EXIT_MSR_STORE_COUNT) || !area(VM_EXIT_MSR_LOAD_ADDRESS, VM_EXIT_MSR_LOAD_COUNT)
            || !area(VM_ENTRY_MSR_LOAD_ADDRESS, VM_ENTRY_MSR_LOAD_COUNT)) {
            return "an MSR area is not aligned to 16 bytes, or reaches beyond host memory";
        }
        return injection();
    }

    private boolean page(int field) {
        long hpa = vmcs.control(field);
        return (hpa & 0xfff) == 0 && cpu.mmu.memory().contains(hpa, 4096);
    }

    private boolean area(int address, int count) {
        long entries = vmcs.control(count);
        return entries == 0 || (vmcs.control(address) & 15) == 0 && cpu.mmu.memory().contains(vmcs.control(address), entries * MsrAreas.ENTRY_BYTES);
    }

    private boolean eptPointer() {
        long eptp = vmcs.control(EPT_POINTER);
        int type = (int) (eptp & Ept.EPTP_MEMORY_TYPE);
        return (type == Ept.UNCACHEABLE || type == Ept.WRITE_BACK) && (eptp & Ept.EPTP_WALK_LENGTH) == 3L << Ept.EPTP_WALK_LENGTH_SHIFT
            && (eptp & 0xf80) == 0 && cpu.mmu.memory().contains(eptp & Ept.EPTP_ROOT, 4096);
    }

    private String injection() {
        int info = (int) vmcs.control(VM_ENTRY_INTERRUPTION_INFORMATION);
        if ((info & INTERRUPTION_VALID) == 0) {
            return "";
        }
        int type = info & TYPE_MASK;
        int vector = info & 0xff;
        if (type == RESERVED_TYPE || (info & 0x7ffff000) != 0) {
            return "the VM-entry interruption information 0x%x has a reserved type or bit".formatted(info);
        }
        if (type == TYPE_NMI && vector != ExceptionVector.NMI || type == TYPE_HARDWARE_EXCEPTION && vector > 31 || type == OTHER_EVENT && vector != 0) {
            return "the VM-entry interruption information 0x%x names a vector that its type has not".formatted(info);
        }
        boolean wants = type == TYPE_HARDWARE_EXCEPTION && ExceptionVector.pushesErrorCode(vector) && cpu.protectedMode();
        if (wants != ((info & INTERRUPTION_ERROR_CODE) != 0)) {
            return "the VM-entry interruption information 0x%x has the error-code bit wrong".formatted(info);
        }
        if (wants && vmcs.control(VM_ENTRY_EXCEPTION_ERROR_CODE) >>> 16 != 0) {
            return "the VM-entry exception error code 0x%x has reserved bits".formatted(vmcs.control(VM_ENTRY_EXCEPTION_ERROR_CODE));
        }
        long length = vmcs.control(VM_ENTRY_INSTRUCTION_LENGTH);
        boolean software = type >= TYPE_SOFTWARE_INTERRUPT && type != OTHER_EVENT;
        return !software || length >= 1 && length <= 15 ? "" : "an injected software event needs an instruction length of 1 to 15";
    }
}
