package proteus.api.vm;

import java.util.List;
import java.util.Map;
import proteus.api.silicon.TranslationCounts;

/**
 * Counts and times of a VM at one moment.
 *
 * @param retired instructions
 * @param virtualNanos virtual time
 * @param runNanos wall time spent running
 * @param cpuNanos CPU time of the VM's thread
 * @param counters all that are not zero, by label; exits have the prefix {@code exit.}
 * @param marks what the guest marked through port 0xf8, in order
 */
public record VmStatistics(long retired, long virtualNanos, long runNanos, long cpuNanos, Map<String, Long> counters, List<Mark> marks) {
    public VmStatistics {
        marks = List.copyOf(marks);
    }

    /**
     * A moment the guest marked by writing to the lab port 0xf8: the difference of two marks is what happened between them.
     *
     * @param value what it wrote
     * @param retired instructions until then
     * @param virtualNanos virtual time
     * @param cpuNanos CPU time of the VM's thread, for rates only: not part of what repeats
     * @param counters as in {@link VmStatistics#counters}
     * @param translation what translated code did until then: not part of what repeats either
     */
    public record Mark(int value, long retired, long virtualNanos, long cpuNanos, Map<String, Long> counters, TranslationCounts translation) {}
}
