package proteus.silicon.vmx;

import proteus.api.silicon.Exit;
import proteus.api.silicon.ExitInformation;
import proteus.api.silicon.ExitReason;
import proteus.x86.format.Ept;

/** The exit information of a processor; one object, overwritten by each exit. */
public final class ExitRecord implements ExitInformation {
    ExitReason reason = ExitReason.NONE;
    long qualification, guestLinear, guestPhysical;
    int instructionLength, instructionInformation, interruption, interruptionErrorCode, idtVectoring, idtVectoringErrorCode;
    /** Why an entry failed, in words. */
    String why = "";

    /** Starts a new record. */
    public void begin(ExitReason newReason) {
        reason = newReason;
        qualification = guestLinear = guestPhysical = 0;
        instructionLength = instructionInformation = interruption = interruptionErrorCode = idtVectoring = idtVectoringErrorCode = 0;
        why = "";
    }

    /** Records an exception or interrupt. */
    public void interruption(int information, int errorCode, long detail, int length) {
        interruption = information;
        interruptionErrorCode = errorCode;
        qualification = detail;
        instructionLength = length;
    }

    /** The last exit as a value. */
    public Exit value() {
        return switch (reason) {
            case EXCEPTION, EXTERNAL_INTERRUPT -> new Exit.Interruption(reason, interruption, interruptionErrorCode, qualification, instructionLength);
            case IO_INSTRUCTION -> new Exit.PortIo(port(), ioSize(), ioIn(), ioString(), ioRep(), instructionLength);
            case EPT_VIOLATION -> new Exit.EptViolation(guestPhysical, guestLinear, (qualification & Ept.VIOLATION_READ) != 0, (qualification & Ept.VIOLATION_WRITE) != 0,
                (qualification & Ept.VIOLATION_FETCH) != 0, qualification);
            case EPT_MISCONFIGURATION -> new Exit.EptMisconfiguration(guestPhysical);
            case CR_ACCESS -> new Exit.CrAccess((int) qualification & 15, (int) qualification >> 4 & 3, (int) qualification >> 8 & 15, (int) (qualification >> 16) & 0xffff,
                instructionLength);
            case RDMSR, WRMSR -> new Exit.Msr(reason == ExitReason.WRMSR, (int) qualification, instructionLength);
            case INVLPG -> new Exit.Invlpg(qualification, instructionLength);
            case TASK_SWITCH -> new Exit.TaskSwitch((int) qualification & 0xffff, (int) (qualification >> 30) & 3, instructionLength);
            case ENTRY_FAILURE_GUEST_STATE, ENTRY_FAILURE_MSR_LOADING, ENTRY_INVALID_CONTROLS -> new Exit.EntryFailure(reason, qualification, why);
            default -> new Exit.Plain(reason, qualification, instructionLength);
        };
    }

    @Override
    public ExitReason reason() {
        return reason;
    }

    @Override
    public long qualification() {
        return qualification;
    }

    @Override
    public long guestLinear() {
        return guestLinear;
    }

    @Override
    public long guestPhysical() {
        return guestPhysical;
    }

    @Override
    public int instructionLength() {
        return instructionLength;
    }

    @Override
    public int instructionInformation() {
        return instructionInformation;
    }

    @Override
    public int interruption() {
        return interruption;
    }

    @Override
    public int interruptionErrorCode() {
        return interruptionErrorCode;
    }

    @Override
    public int idtVectoring() {
        return idtVectoring;
    }

    @Override
    public int idtVectoringErrorCode() {
        return idtVectoringErrorCode;
    }
}
