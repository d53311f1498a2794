package proteus.api.silicon;

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

    /** The physical memory shared by all virtual machines of this host. */
    HostMemory hostMemory();

    /**
     * Creates a processor in its reset state (SDM 3A, table 10-1).
     *
     * @throws IllegalArgumentException when the settings ask for a feature that this silicon has not
     */
    Processor createProcessor(ProcessorSettings settings);
}
