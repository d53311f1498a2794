package proteus.api.silicon;

import org.osgi.annotation.versioning.ProviderType;

/** The VM-exit information of a processor (SDM 3C, 25.9), as primitives. In deprivileged mode vector, error code and addresses are those the VMM's own handlers would see. */
@ProviderType
public interface ExitInformation {
    ExitReason reason();

    /** Exit qualification (SDM 3C, 28.2.1); for a page fault the faulting linear address. */
    long qualification();

    /** Guest-linear address, valid when the qualification says so. */
    long guestLinear();

    /** Guest-physical address of EPT exits. */
    long guestPhysical();

    /** Length in bytes of the instruction that exited, 0 where the manual leaves it undefined. */
    int instructionLength();

    /** VM-exit instruction information (SDM 3C, 28.2.5), 0 if none. */
    int instructionInformation();

    /** Interruption information of an exception or interrupt exit (table 25-17); bit 31 tells it is valid. */
    int interruption();

    int interruptionErrorCode();

    /** IDT-vectoring information: the event whose delivery the exit interrupted (table 25-18). */
    int idtVectoring();

    int idtVectoringErrorCode();

    /** Port of an I/O exit. */
    default int port() {
        return (int) (qualification() >>> 16) & 0xffff;
    }

    /** Size in bytes of an I/O exit. */
    default int ioSize() {
        return (int) (qualification() & 7) + 1;
    }

    default boolean ioIn() {
        return (qualification() & 8) != 0;
    }

    default boolean ioString() {
        return (qualification() & 16) != 0;
    }

    default boolean ioRep() {
        return (qualification() & 32) != 0;
    }

    /** Vector of an exception, interrupt or software interrupt exit. */
    default int vector() {
        return interruption() & 0xff;
    }
}
