package proteus.shell.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import proteus.api.vm.VmException;

/**
 * Loops on contenders. First each runs each loop at its usual size, which finds out how many times that makes a measurable while and
 * whether all give the same checksum; then rounds, in each of which every contender runs every loop once, one after the other, so that
 * what else the host does meets all alike.
 */
final class Comparison {
    /** CPU time that a measurement should last: long beside the uncertainty of what a process needs to start. */
    private static final long WHILE_NANOS = 400_000_000;

    private static final int MOST = 1000;
    /** Some tenths of a second of CPU time each on a translating emulator. */
    private static final int LINUX_SCALE = 5;

    /**
     * What a contender made of a loop.
     *
     * @param scale so many times the usual iterations
     * @param samples one a round
     */
    record Measured(int scale, List<Sample> samples) {
        double nanosEach() {
            return Statistics.median(samples.stream().mapToDouble(Sample::nanosEach).toArray());
        }

        /** Instructions of an iteration, 0 if nobody counted. */
        double instructionsEach() {
            Sample any = samples.getFirst();
            return (double) any.instructions() / any.iterations();
        }
    }

    private final List<Contender> contenders;
    private final int rounds;
    private final Consumer<String> say;

    Comparison(List<Contender> contenders, int rounds, Consumer<String> say) {
        this.contenders = contenders;
        this.rounds = rounds;
        this.say = say;
    }

    /** By loop and contender's name; a contender that does not suit a loop, or failed, is missing there. */
    Map<Loop, Map<String, Measured>> of(List<Loop> loops) throws InterruptedException {
        Map<Loop, Map<String, Measured>> all = new LinkedHashMap<>();
        for (Loop loop : loops) {
            Map<String, Measured> here = new LinkedHashMap<>();
            String checksum = null;
            for (Contender contender : contenders) {
                if (!contender.suits(loop)) {
                    continue;
                }
                try {
                    Sample usual = contender.run(loop, 1);
                    if (checksum != null && !checksum.equals(usual.checksum())) {
                        say.accept(differs(contender, loop, usual.checksum(), checksum));
                        continue;
                    }
                    checksum = usual.checksum();
                    here.put(contender.name(), new Measured(scale(usual.cpuNanos()), new ArrayList<>()));
                } catch (VmException e) {
                    say.accept(e.getMessage());
                }
            }
            all.put(loop, here);
        }
        for (int round = 1; round <= rounds; round++) {
            say.accept("round %d of %d ...".formatted(round, rounds));
            for (Loop loop : loops) {
                for (Contender contender : contenders) {
                    Measured measured = all.get(loop).get(contender.name());
                    if (measured == null) {
                        continue;
                    }
                    try {
                        measured.samples.add(contender.run(loop, measured.scale));
                    } catch (VmException e) {
                        say.accept(e.getMessage());
                        all.get(loop).remove(contender.name());
                    }
                }
            }
        }
        return all;
    }

    /**
     * The same for loops under Linux: those who boot a guest run all loops of a width in one boot a round, at one scale; the others as
     * ever.
     */
    Map<Loop, Map<String, Measured>> underLinux(List<Loop> loops) throws InterruptedException {
        Map<Loop, Map<String, Measured>> all = new LinkedHashMap<>();
        loops.forEach(loop -> all.put(loop, new LinkedHashMap<>()));
        for (int round = 1; round <= rounds; round++) {
            say.accept("round %d of %d under Linux ...".formatted(round, rounds));
            for (Contender contender : contenders) {
                Map<Loop, Sample> samples = new LinkedHashMap<>();
                try {
                    if (contender instanceof LinuxContender linux) {
                        samples.putAll(linux.runUnderLinux(loops, LINUX_SCALE));
                    } else {
                        for (Loop loop : loops) {
                            if (contender.suits(loop)) {
                                samples.put(loop, contender.run(loop, LINUX_SCALE));
                            }
                        }
                    }
                } catch (VmException e) {
                    say.accept(e.getMessage());
                    continue;
                }
                samples.forEach((loop, sample) -> agreed(loop, all.get(loop), contender, sample)
                        .samples.add(sample));
            }
        }
        return all;
    }

    private Measured agreed(Loop loop, Map<String, Measured> row, Contender contender, Sample sample) {
        row.values().stream().map(one -> one.samples.getFirst().checksum()).filter(other -> !other.equals(sample.checksum())).findAny().ifPresent(other -> {
            throw new VmException(differs(contender, loop, sample.checksum(), other));
        });
        return row.computeIfAbsent(contender.name(), name -> new Measured(LINUX_SCALE, new ArrayList<>()));
    }

    private static String differs(Contender contender, Loop loop, String checksum, String other) {
        return "%s gives another checksum for %s (%d bit) than those before it: %s, not %s"
                .formatted(contender.name(), loop.name(), loop.bits(), checksum, other);
    }

    static int scale(long usualNanos) {
        return (int) Math.clamp(Math.ceilDiv(WHILE_NANOS, Math.max(1, usualNanos)), 1, MOST);
    }
}
