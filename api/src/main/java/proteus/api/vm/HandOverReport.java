package proteus.api.vm;

import java.util.List;

/**
 * What a hand-over did: the guest's state went from one set of techniques to another, everything that only serves the hypervisor was
 * built anew.
 *
 * @param from what was before
 * @param to what is now
 * @param retired instructions the guest had retired: the boundary at which it happened
 * @param pauseNanos wall time during which the guest could not run
 * @param steps sentences: what was built, moved and dropped
 */
public record HandOverReport(VmShape from, VmShape to, long retired, long pauseNanos, List<String> steps) {
    public HandOverReport {
        steps = List.copyOf(steps);
    }
}
