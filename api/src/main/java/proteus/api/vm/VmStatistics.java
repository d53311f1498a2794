package proteus.api.vm;

import java.util.Map;

/**
 * Counts and times of a VM at one moment.
 *
 * @param retired instructions
 * @param virtualNanos virtual time
 * @param runNanos wall time spent running
 * @param cpuNanos CPU time of the VM's thread
 * @param counters all that are not zero, by label; exits have the prefix {@code exit.}
 */
public record VmStatistics(long retired, long virtualNanos, long runNanos, long cpuNanos, Map<String, Long> counters) {}
