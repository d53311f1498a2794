package proteus.silicon.vmx;

import static proteus.api.silicon.VmxControls.INTERRUPTION_ERROR_CODE;
import static proteus.api.silicon.VmxControls.INTERRUPTION_VALID;

import proteus.api.silicon.ExitReason;
import proteus.silicon.cpu.Cpu;
import proteus.x86.format.ExceptionVector;

/**
 * Whatever would enter ring 0 goes to the VMM that owns it: exceptions and software interrupts leave before anything is
 * pushed. Used for deprivileged guests, and while the instruction emulator of their VMM runs.
 */
public class RingZeroIntercepts extends OpenIntercepts {
    public RingZeroIntercepts(Cpu cpu, ExitRecord record) {
        super(cpu, record);
    }

    @Override
    public boolean lets(ExitReason reason) {
        return reason != ExitReason.EXCEPTION && super.lets(reason);
    }

    @Override
    public void exception(Cpu c, int vector, int errorCode, long detail, int type, int instructionLength) {
        boolean hasErrorCode = type == 3 && ExceptionVector.pushesErrorCode(vector) && cpu.protectedMode();
        record.begin(ExitReason.EXCEPTION);
        record.interruption(INTERRUPTION_VALID | type << 8 | vector | (hasErrorCode ? INTERRUPTION_ERROR_CODE : 0), hasErrorCode ? errorCode : 0, detail,
            instructionLength);
        throw cpu.exitSignal;
    }
}
