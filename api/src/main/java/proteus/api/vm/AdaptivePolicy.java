package proteus.api.vm;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/** Changes the shape of running VMs by what their counters say; a service. */
@ProviderType
public interface AdaptivePolicy {
    /** Whether it does anything. */
    boolean enabled();

    /** The rules with their thresholds, a sentence each. */
    List<String> rules();

    /** What it decided, the oldest first; of many, the latest. */
    List<Decision> decisions();

    /**
     * One look at a VM.
     *
     * @param vm its name
     * @param retired instructions it had retired
     * @param shape what it had
     * @param pageFaults of the guest, per million instructions
     * @param tlbMisses per million instructions
     * @param untranslated instructions that the native engine had no code for, per million
     * @param verdict a sentence: what was done, or why nothing was
     */
    record Decision(String vm, long retired, VmShape shape, double pageFaults, double tlbMisses, double untranslated, String verdict) {}
}
