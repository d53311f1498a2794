package proteus.silicon.vmx;

import proteus.api.silicon.ExitReason;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Op;

/** A guest whose ring 0 is the hypervisor's: its system calls enter the hypervisor too. */
public final class DeprivilegedIntercepts extends RingZeroIntercepts {
    public DeprivilegedIntercepts(Cpu cpu, ExitRecord record) {
        super(cpu, record);
    }

    @Override
    public boolean lets(ExitReason reason) {
        return reason != ExitReason.SYSTEM_CALL && super.lets(reason);
    }

    @Override
    public void instruction(Cpu c, Op op, ExitReason reason, long qualification) {
        super.instruction(c, op, reason, qualification);
        if (reason == ExitReason.SYSTEM_CALL) {
            record.begin(reason);
            record.instructionLength = op.length;
            throw cpu.exitSignal;
        }
    }
}
