package proteus.cpu.hwassist;

import proteus.api.silicon.Processor;
import proteus.api.silicon.Vmcs;
import proteus.api.silicon.VmcsField;
import proteus.x86.format.Msr;
import proteus.x86.monitor.GuestMsrs;

/** The guest's MSRs that a VMCS has: the TSC by its offset (SDM 3C 26.3), and what entries and exits switch. */
final class VmcsMsrs implements GuestMsrs.Home {
    private final Processor processor;
    private final Vmcs vmcs;

    VmcsMsrs(Processor processor) {
        this.processor = processor;
        this.vmcs = processor.vmcs();
    }

    @Override
    public long tsc() {
        return processor.tsc() + vmcs.read(VmcsField.TSC_OFFSET);
    }

    @Override
    public void tsc(long value) {
        vmcs.write(VmcsField.TSC_OFFSET, value - processor.tsc());
    }

    @Override
    public long switched(int index) {
        return vmcs.read(field(index));
    }

    @Override
    public void switched(int index, long value) {
        vmcs.write(field(index), value);
    }

    private static int field(int index) {
        return index == Msr.IA32_PAT ? VmcsField.GUEST_IA32_PAT : VmcsField.GUEST_IA32_DEBUGCTL;
    }
}
