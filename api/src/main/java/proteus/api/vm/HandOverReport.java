package proteus.api.vm;

import java.util.List;
import proteus.api.compose.Composition;
import proteus.api.silicon.ExecutionEngine;

/**
 * What a hand-over did: the guest's state went from one set of techniques to another, everything that only serves the hypervisor was
 * built anew.
 *
 * @param from the hypervisor before
 * @param to the hypervisor now
 * @param fromEngine how the silicon executed guest code before
 * @param toEngine how it does now
 * @param retired instructions the guest had retired: the boundary at which it happened
 * @param pauseNanos wall time during which the guest could not run
 * @param steps sentences: what was built, moved and dropped
 */
public record HandOverReport(
        Composition from, Composition to, ExecutionEngine fromEngine, ExecutionEngine toEngine, long retired, long pauseNanos, List<String> steps) {
    public HandOverReport {
        steps = List.copyOf(steps);
    }
}
