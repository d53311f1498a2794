package proteus.silicon.vmx;

import proteus.api.silicon.ExitReason;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Intercepts;
import proteus.silicon.cpu.Op;

/** A bare machine: nothing exits but what would stop it. */
public class OpenIntercepts implements Intercepts {
    final Cpu cpu;
    final ExitRecord record;

    public OpenIntercepts(Cpu cpu, ExitRecord record) {
        this.cpu = cpu;
        this.record = record;
    }

    @Override
    public void instruction(Cpu c, Op op, ExitReason reason, long qualification) {
        switch (reason) {
            case VMCALL, VMCLEAR, VMLAUNCH, VMPTRLD, VMPTRST, VMREAD, VMRESUME, VMWRITE, VMXOFF, VMXON, INVEPT, INVVPID, VMFUNC, RSM, GETSEC, XSAVES, XRSTORS ->
                throw cpu.undefined(); // not in VMX operation, not in SMM
            default -> { }
        }
    }

    @Override
    public boolean lets(ExitReason reason) {
        return switch (reason) {
            case PAUSE, RDTSC, RDTSCP, SYSTEM_CALL, EXCEPTION -> true;
            default -> false;
        };
    }

    @Override
    public long readCr(Cpu c, Op op, int cr, int gpr) {
        return switch (cr) {
            case 0 -> cpu.cr0;
            case 2 -> cpu.cr2;
            case 3 -> cpu.cr3;
            case 4 -> cpu.cr4;
            default -> cpu.cr8;
        };
    }

    @Override
    public long writeCr(Cpu c, Op op, int cr, int access, int gpr, long value) {
        return access == 2 ? cpu.cr0 & ~8L : value;
    }

    @Override
    public void movDr(Cpu c, Op op, int dr, boolean fromDr, int gpr) {}

    @Override
    public void portIo(Cpu c, Op op, int port, int bytes, boolean in, boolean string, boolean rep, boolean immediatePort) {}

    @Override
    public void msr(Cpu c, Op op, int index, boolean write) {}

    @Override
    public void taskSwitch(Cpu c, int selector, int source, int instructionLength) {}

    @Override
    public void exception(Cpu c, int vector, int errorCode, long detail, int type, int instructionLength) {}

    @Override
    public void delivering(Cpu c, int interruption, int errorCode, int instructionLength) {}

    @Override
    public void tripleFault(Cpu c) {
        record.begin(ExitReason.TRIPLE_FAULT);
        throw cpu.exitSignal;
    }

    @Override
    public long tsc(Cpu c) {
        return cpu.tsc();
    }

    @Override
    public void boundary(Cpu c) {}
}
