package proteus.conform;

import java.util.ArrayList;
import java.util.List;
import proteus.api.event.EventCounters;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.silicon.ExecutionMode;
import proteus.api.silicon.MachineBus;
import proteus.api.silicon.Processor;
import proteus.api.silicon.ProcessorSettings;
import proteus.api.silicon.Silicon;
import proteus.conform.cases.Family;
import proteus.conform.state.Cases;
import proteus.conform.state.Mode;

/** A run over families, on a thread of its own: signal stack and handlers belong to it. */
final class Conformance {

    /** Is told now and then how far a run is. */
    interface Progress {
        void at(String family, long done, long of);

        /** A sentence about what is left out. */
        void skipped(String what);
    }

    private Conformance() {}

    /** Why the model cannot execute cases with an engine here, or an empty string. */
    static String refusal(Silicon silicon, ExecutionEngine engine) {
        try (Processor processor = silicon.createProcessor(new ProcessorSettings(ExecutionMode.DEPRIVILEGED, Bench.CPU, new EventCounters(), MachineBus.NONE, false, engine))) {
            return "";
        } catch (IllegalArgumentException refused) {
            return refused.getMessage();
        }
    }

    static List<FamilyResult> run(Silicon silicon, Options options, Progress progress) throws InterruptedException {
        List<FamilyResult> results = new ArrayList<>();
        Throwable[] failure = new Throwable[1];
        Thread thread = Thread.ofPlatform().name("conform").start(() -> {
            try {
                all(silicon, options, progress, results);
            } catch (RuntimeException | Error e) {
                failure[0] = e;
            }
        });
        thread.join();
        if (failure[0] != null) {
            throw new IllegalStateException(failure[0].getMessage() == null ? failure[0].toString() : failure[0].getMessage(), failure[0]);
        }
        return results;
    }

    /** Seeds that have nothing to do with each other: neighbours would give streams of random numbers that overlap. */
    private static long mixed(long seed, Mode mode, Family family) {
        long z = (seed ^ (family.label().hashCode() + mode.bits - Mode.LONG.bits) * 0x9fb2_1c65_1e98_df25L) * 0xff51_afd7_ed55_8ccdL;
        z = (z ^ z >>> 32) * 0xc4ce_b9fe_1a85_ec53L;
        return z ^ z >>> 29;
    }

    private static void all(Silicon silicon, Options options, Progress progress, List<FamilyResult> results) {
        try (Bench bench = new Bench(silicon, options.engine()); Cases cases = FamilyRun.batch()) {
            List<FamilyRun> runs = new ArrayList<>();
            for (Mode mode : options.modes()) {
                String obstacle = bench.obstacle(mode);
                if (!obstacle.isEmpty()) {
                    progress.skipped(mode.label() + "-bit code was not compared: " + obstacle);
                    continue;
                }
                for (Family family : options.families()) {
                    FamilyRun run = new FamilyRun(bench, mode, family, mixed(options.seed(), mode, family), options.pattern(), cases);
                    if (!run.isEmpty()) {
                        runs.add(run);
                    }
                }
            }
            long left = options.cases();
            for (int i = 0; i < runs.size(); i++) {
                long share = left / (runs.size() - i);
                left -= share;
                FamilyRun run = runs.get(i);
                results.add(run.run(share, done -> progress.at(run.label(), done, share)));
            }
        }
    }
}
