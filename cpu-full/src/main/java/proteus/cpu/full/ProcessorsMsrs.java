package proteus.cpu.full;

import proteus.api.silicon.CpuRegisters;
import proteus.x86.format.Msr;
import proteus.x86.monitor.GuestMsrs;

/** The guest's MSRs that are the processor's: without VMX nothing switches them. */
record ProcessorsMsrs(CpuRegisters registers) implements GuestMsrs.Home {
    @Override
    public long tsc() {
        return registers.msr(Msr.IA32_TSC);
    }

    @Override
    public void tsc(long value) {
        registers.msr(Msr.IA32_TSC, value);
    }

    @Override
    public long switched(int index) {
        return registers.msr(index);
    }

    @Override
    public void switched(int index, long value) {
        registers.msr(index, value);
    }
}
