package proteus.api.io;

import org.osgi.annotation.versioning.ProviderType;

/** The board's interrupt controllers (local APIC, and the PIC through LINT0) as one vCPU sees them. */
@ProviderType
public interface InterruptController {
    /** An interrupt of sufficient priority waits for the INTA cycle. RFLAGS.IF is the CPU's business. */
    boolean pending();

    /**
     * The INTA cycle.
     *
     * @return the vector 0..255 of the interrupt, which is now in service; -1 when none waits
     */
    int acknowledge();

    /** Whether an NMI waits; asking takes it. */
    boolean takeNmi();

    /** CR8: the task priority class 0..15. */
    int taskPriority();

    void taskPriority(int value);

    /** Whether the local APIC answers this MSR (IA32_APIC_BASE, x2APIC range, IA32_TSC_DEADLINE). */
    boolean ownsMsr(int index);

    /**
     * @throws IllegalArgumentException when the access is a #GP
     */
    long readMsr(int index);

    /**
     * @throws IllegalArgumentException when the access is a #GP
     */
    void writeMsr(int index, long value);

    /** The initial APIC ID, for CPUID. */
    int apicId();

    /** Whether the local APIC is enabled by IA32_APIC_BASE (CPUID.1:EDX[9] follows it). */
    boolean apicEnabled();
}
