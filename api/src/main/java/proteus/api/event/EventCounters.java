package proteus.api.event;

import java.util.LinkedHashMap;
import java.util.Map;
import proteus.api.silicon.ExitReason;

/**
 * The counters of one vCPU: plain longs, written by the thread that runs the vCPU, readable live from any thread (a reader
 * may see a value that is a moment old).
 */
public final class EventCounters {
    private final long[] events = new long[CountedEvent.values().length];
    private final long[] exits = new long[ExitReason.COUNT];
    private final long[] hypercalls = new long[Hypercall.COUNT];

    public void count(CountedEvent event) {
        events[event.ordinal()]++;
    }

    public void add(CountedEvent event, long n) {
        events[event.ordinal()] += n;
    }

    public void set(CountedEvent event, long n) {
        events[event.ordinal()] = n;
    }

    public long get(CountedEvent event) {
        return events[event.ordinal()];
    }

    public void exit(ExitReason reason) {
        exits[reason.number()]++;
    }

    /** One call, by itself or out of a batch. */
    public void hypercall(Hypercall call) {
        hypercalls[call.number()]++;
    }

    public long hypercalls(Hypercall call) {
        return hypercalls[call.number()];
    }

    public long exits(ExitReason reason) {
        return exits[reason.number()];
    }

    /** Exits that hardware or a published hypervisor would have: budget and kicks are ours and not among them. */
    public long totalExits() {
        long sum = 0;
        for (ExitReason reason : ExitReason.values()) {
            if (reason.architectural()) {
                sum += exits[reason.number()];
            }
        }
        return sum;
    }

    /**
     * All that is not zero, by label: events first, hypercalls with the prefix {@code hypercall.}, exits with {@code exit.}. Under the count clock it is the same
     * in each run; exits that are ours (a kick of another thread, a spent slice) depend on the host and are not in it.
     */
    public Map<String, Long> snapshot() {
        Map<String, Long> all = new LinkedHashMap<>();
        for (CountedEvent event : CountedEvent.values()) {
            if (get(event) != 0) {
                all.put(event.label(), get(event));
            }
        }
        for (Hypercall call : Hypercall.values()) {
            if (hypercalls(call) != 0) {
                all.put("hypercall." + call.label(), hypercalls(call));
            }
        }
        for (ExitReason reason : ExitReason.values()) {
            if (reason.architectural() && exits(reason) != 0) {
                all.put("exit." + reason.label(), exits(reason));
            }
        }
        return all;
    }
}
