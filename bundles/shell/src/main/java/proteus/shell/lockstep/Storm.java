package proteus.shell.lockstep;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Consumer;
import proteus.api.vm.HandOverReport;
import proteus.api.vm.VmException;
import proteus.api.vm.VmShape;
import proteus.api.vm.VmSpec;

/**
 * Experiment E13: a guest that is handed from technique to technique at random moments must be, after every one of them, what its twin is
 * that nobody touched: in registers, devices, console, and memory.
 */
public final class Storm {
    /** Differences of one moment that are told. */
    private static final int SHOWN = 10;
    /** Hand-overs between two words of progress. */
    private static final int REPORTED = 100;

    /**
     * What the hand-overs of one edge of the graph of techniques took.
     *
     * @param nanos pauses, sorted
     */
    public record Edge(String name, long[] nanos) {
        public long percentile(double share) {
            return nanos[(int) Math.min(nanos.length - 1, Math.floor(share * nanos.length))];
        }

        public long longest() {
            return nanos[nanos.length - 1];
        }
    }

    /**
     * How it went.
     *
     * @param refused sentences about hand-overs that were not done
     * @param differences sentences with the moment of each; empty: the guest could not tell
     */
    public record Result(long instructions, int swaps, List<Edge> edges, List<String> refused, List<String> differences) {
        public Map<String, Object> values() {
            Map<String, Object> all = new LinkedHashMap<>();
            all.put("instructions", instructions);
            all.put("handOvers", swaps);
            all.put("edges", edges.stream().map(edge -> {
                Map<String, Object> one = new LinkedHashMap<>();
                one.put("edge", edge.name);
                one.put("count", edge.nanos.length);
                one.put("pauseNanosP50", edge.percentile(0.5));
                one.put("pauseNanosP99", edge.percentile(0.99));
                one.put("pauseNanosMax", edge.longest());
                return one;
            }).toList());
            all.put("refused", refused);
            all.put("differences", differences);
            return all;
        }
    }

    private final Play play;
    private final VmSpec spec;
    private final List<VmShape> shapes;
    private final int memoryEvery;
    private final Consumer<String> progress;

    /**
     * @param spec of the run that nobody touches; the other starts like it
     * @param shapes what to change between
     * @param memoryEvery memory is compared after each so many hand-overs, and at the end
     */
    public Storm(Play play, VmSpec spec, List<VmShape> shapes, int memoryEvery, Consumer<String> progress) {
        this.play = play;
        this.spec = spec;
        this.shapes = shapes;
        this.memoryEvery = memoryEvery;
        this.progress = progress;
    }

    /** Instruction counts, sorted, anywhere in a run of that length. */
    static long[] moments(SplittableRandom random, int swaps, long instructions) {
        long[] moments = random.longs(swaps, 1, Math.max(2, instructions)).toArray();
        Arrays.sort(moments);
        return moments;
    }

    /** @param instructions how long the guest runs at most */
    public Result run(int swaps, long seed, long instructions) {
        long length = length(instructions);
        try (Twin untouched = play.start(spec); Twin swapped = play.start(spec.named(spec.name() + "-swapped"))) {
            return run(untouched, swapped, swaps, new SplittableRandom(seed), length);
        }
    }

    /** How long the guest runs by itself. */
    private long length(long instructions) {
        try (Twin alone = play.start(spec)) {
            alone.advance(instructions);
            progress.accept("the guest runs for %d instructions".formatted(alone.retired()));
            return alone.retired();
        }
    }

    private Result run(Twin untouched, Twin swapped, int swaps, SplittableRandom random, long length) {
        Map<String, List<Long>> pauses = new TreeMap<>();
        List<String> refused = new ArrayList<>();
        Comparison comparison = new Comparison(untouched, swapped);
        List<VmShape> possible = shapes.stream().filter(shape -> swapped.vm().objection(shape.composition()).isEmpty()).toList();
        int done = 0;
        for (long moment : moments(random, swaps, length)) {
            untouched.advance(moment);
            swapped.advance(moment);
            VmShape from = swapped.vm().shape();
            VmShape to = other(random, possible, from);
            if (!comparison.equal("before hand-over %d (%s)".formatted(done + 1, Change.of(from, to)), false) || swapped.over()) {
                break;
            }
            try {
                HandOverReport report = swapped.vm().swap(to);
                pauses.computeIfAbsent(Change.of(from, to), edge -> new ArrayList<>()).add(report.pauseNanos());
            } catch (VmException e) {
                refused.add("at %d instructions: %s".formatted(moment, e.getMessage()));
            }
            done++;
            if (!comparison.equal("after hand-over %d (%s)".formatted(done, Change.of(from, to)), done % memoryEvery == 0)) {
                break;
            }
            if (done % REPORTED == 0) {
                progress.accept("%d of %d hand-overs, %d instructions".formatted(done, swaps, moment));
            }
        }
        if (comparison.differences.isEmpty()) {
            untouched.advance(length);
            swapped.advance(length);
            comparison.equal("at the end", true);
        }
        List<Edge> edges = new ArrayList<>();
        pauses.forEach((edge, nanos) -> edges.add(new Edge(edge, nanos.stream().mapToLong(Long::longValue).sorted().toArray())));
        return new Result(untouched.retired(), done, edges, refused, comparison.differences);
    }

    private static VmShape other(SplittableRandom random, List<VmShape> possible, VmShape now) {
        // one edge of the graph at a time, where there is one: figures are by edge
        int fewest = possible.stream().mapToInt(shape -> Change.count(now, shape)).filter(changes -> changes > 0).min().orElseThrow(
                () -> new VmException("this guest can be handed to nothing but " + now));
        List<VmShape> others = possible.stream().filter(shape -> Change.count(now, shape) == fewest).toList();
        return others.get(random.nextInt(others.size()));
    }

    private record Comparison(Twin untouched, Twin swapped, List<String> differences) {
        Comparison(Twin untouched, Twin swapped) {
            this(untouched, swapped, new ArrayList<>());
        }

        boolean equal(String when, boolean withMemory) {
            List<String> found = untouched.differences(swapped, withMemory);
            if (!found.isEmpty()) {
                differences.add("%s, at %d instructions: %s".formatted(
                        when, untouched.retired(), String.join("; ", found.subList(0, Math.min(SHOWN, found.size())))));
            }
            return found.isEmpty();
        }
    }
}
