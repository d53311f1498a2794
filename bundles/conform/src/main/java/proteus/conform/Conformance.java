package proteus.conform;

import java.util.ArrayList;
import java.util.List;
import proteus.api.silicon.Silicon;
import proteus.conform.cases.Family;
import proteus.conform.state.Cases;

/** A run over families, on a thread of its own: signal stack and handlers belong to it. */
final class Conformance {
    private static final long STRIDE = 0x9e37_79b9_7f4a_7c15L;

    /** Is told now and then how far a run is. */
    @FunctionalInterface
    interface Progress {
        void at(String family, long done, long of);
    }

    private Conformance() {}

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

    private static void all(Silicon silicon, Options options, Progress progress, List<FamilyResult> results) {
        try (Bench bench = new Bench(silicon); Cases cases = FamilyRun.batch()) {
            List<FamilyRun> runs = new ArrayList<>();
            for (Family family : options.families()) {
                FamilyRun run = new FamilyRun(bench, family, options.seed() * STRIDE + family.ordinal(), options.pattern(), cases);
                if (!run.isEmpty()) {
                    runs.add(run);
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
