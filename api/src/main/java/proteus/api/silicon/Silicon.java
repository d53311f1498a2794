package proteus.api.silicon;

import java.util.Map;
import java.util.Set;
import org.osgi.annotation.versioning.ProviderType;

/** The hardware a hypervisor owns: memory and processors. Modelled ({@code model}) or real ({@code kvm}). A service. */
@ProviderType
public interface Silicon {
    /** Service property and name of this silicon, for example {@code model}. */
    String NAME_PROPERTY = "proteus.silicon";

    String name();

    /** What this hardware offers; configuration can take features away. */
    Set<SiliconFeature> features();

    /**
     * CPUID of a CPU model as its processors answer it on the bare metal, VMX included: leaf and subleaf
     * ({@code leaf << 32 | subleaf}) to {EAX, EBX, ECX, EDX}. Only what the processor really executes. Dynamic bits (OSXSAVE,
     * APIC, APIC id) are not applied.
     *
     * @param model {@code max} for all that this silicon has
     * @throws IllegalArgumentException with one sentence that names the models there are
     */
    Map<Long, int[]> cpuid(String model);

    /** The physical memory shared by all virtual machines of this host. */
    HostMemory hostMemory();

    /**
     * Creates a processor in its reset state (SDM 3A, table 10-1).
     *
     * @throws IllegalArgumentException when the settings ask for a feature that this silicon has not
     */
    Processor createProcessor(ProcessorSettings settings);
}
