package proteus.adaptive;

import java.util.Map;
import proteus.api.event.CountedEvent;

/**
 * What was counted in an interval, each per million instructions.
 *
 * @param pageFaults that the guest saw, whoever delivered them
 * @param tlbMisses page walks of the hardware
 * @param untranslated instructions that the native engine had no code for; 0 of another engine
 */
record Sample(double pageFaults, double tlbMisses, double untranslated) {
    private static final double MILLION = 1e6;

    /** From the counters at the start and at the end of an interval of so many instructions, of which so many were not translated. */
    static Sample between(Map<String, Long> start, Map<String, Long> end, long instructions, long untranslated) {
        return new Sample(
                rate(start, end, CountedEvent.GUEST_PAGE_FAULTS, instructions) + rate(start, end, CountedEvent.TRUE_FAULTS, instructions),
                rate(start, end, CountedEvent.TLB_MISSES, instructions),
                untranslated * MILLION / instructions);
    }

    private static double rate(Map<String, Long> start, Map<String, Long> end, CountedEvent event, long instructions) {
        return (end.getOrDefault(event.label(), 0L) - start.getOrDefault(event.label(), 0L)) * MILLION / instructions;
    }

    /** Page faults for each TLB miss: high where shadow paging pays, low where nested paging does. */
    double ratio() {
        return pageFaults / tlbMisses;
    }
}
