package proteus.silicon.vmx;

import proteus.api.silicon.ExitReason;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Op;

/**
 * While a VMM's instruction emulator runs: what depends on what the VMM keeps for the guest (its control registers, its MSRs and CPUID,
 * its time, whether it halts) comes out with the reason and information of the VM exit, for the VMM to carry out.
 */
public final class EmulatorIntercepts extends RingZeroIntercepts {
    private static final int MOV_FROM = 1 << 4, CLTS = 2 << 4, LMSW = 3 << 4, LMSW_MEMORY = 1 << 6;

    public EmulatorIntercepts(Cpu cpu, ExitRecord record) {
        super(cpu, record);
    }

    private void leave(Op op, ExitReason reason, long qualification) {
        record.begin(reason);
        record.qualification = qualification;
        record.instructionLength = op.length;
        throw cpu.exitSignal;
    }

    @Override
    public void instruction(Cpu c, Op op, ExitReason reason, long qualification) {
        switch (reason) {
            case CPUID, HLT, RDTSC, RDTSCP, RDPMC, INVLPG, MONITOR, MWAIT -> leave(op, reason, qualification);
            default -> super.instruction(c, op, reason, qualification);
        }
    }

    @Override
    public long readCr(Cpu c, Op op, int cr, int gpr) {
        // SMSW, which names no register, reads what the emulator has
        if (cr == 2 || gpr < 0) {
            return super.readCr(c, op, cr, gpr);
        }
        leave(op, ExitReason.CR_ACCESS, cr | MOV_FROM | (long) gpr << 8);
        return 0;
    }

    @Override
    public long writeCr(Cpu c, Op op, int cr, int access, int gpr, long value) {
        switch (access) {
            case 2 -> leave(op, ExitReason.CR_ACCESS, CLTS);
            case 3 -> leave(op, ExitReason.CR_ACCESS, LMSW | (value & 0xffff) << 16 | (gpr < 0 ? LMSW_MEMORY : 0));
            default -> {
                if (cr != 2) {
                    leave(op, ExitReason.CR_ACCESS, cr | (long) gpr << 8);
                }
            }
        }
        return value;
    }

    @Override
    public void msr(Cpu c, Op op, int index, boolean write) {
        leave(op, write ? ExitReason.WRMSR : ExitReason.RDMSR, index & 0xffffffffL);
    }
}
