package proteus.conform;

import java.util.function.LongConsumer;
import proteus.conform.cases.Family;
import proteus.conform.cases.Sample;
import proteus.conform.cases.Samples;
import proteus.conform.cases.States;
import proteus.conform.compare.Comparison.Verdict;
import proteus.conform.state.Cases;
import proteus.conform.state.Mode;
import proteus.conform.state.Window;

/** Runs the cases of one family in batches: so many instructions, each with so many states. */
final class FamilyRun {
    private static final int STATES = 32, BATCH = Window.SLOTS * STATES;

    private final Bench bench;
    private final Family family;
    private final Samples samples;
    private final States states;
    private final Cases cases;
    private final Minimizer minimizer;
    private final Sample[] placed = new Sample[Window.SLOTS];
    private final FamilyResult result;

    FamilyRun(Bench bench, Mode mode, Family family, long seed, String pattern, Cases cases) {
        this.bench = bench;
        this.family = family;
        this.cases = cases;
        samples = new Samples(family, mode, bench.features, seed, pattern);
        states = new States(~seed, bench.upper);
        minimizer = new Minimizer(bench);
        result = new FamilyResult(mode.label(), family.label(), samples.instructions(), samples.forms(), family.missing(bench.features).stream().map(Enum::name).sorted().toList());
    }

    static Cases batch() {
        return new Cases(BATCH);
    }

    String label() {
        return result.mode + "-bit " + family.label();
    }

    boolean isEmpty() {
        return samples.isEmpty();
    }

    /** Runs cases; the progress is told how many are done. */
    FamilyResult run(long count, LongConsumer progress) {
        long start = System.nanoTime();
        bench.resetData();
        while (result.cases < count) {
            int n = (int) Math.min(BATCH, count - result.cases);
            for (int i = 0; i < placed.length; i++) {
                placed[i] = samples.next(i);
            }
            bench.place(placed);
            for (int i = 0; i < n; i++) {
                states.fill(cases, i, placed[i / STATES]);
            }
            batch(n);
            progress.accept(result.cases);
        }
        result.nanos = System.nanoTime() - start;
        return result;
    }

    private void batch(int n) {
        bench.runHost(cases, 0, n);
        boolean differs = false;
        boolean open = false;
        for (int i = 0; i < n; i++) {
            Verdict verdict = bench.check(placed[i / STATES], cases, i);
            result.cases++;
            result.translated += bench.translated() ? 1 : 0;
            result.faults += cases.get(Cases.after(i) + Cases.FAULT) != 0 ? 1 : 0;
            switch (verdict) {
                case AGREE -> {
                    result.agreements++;
                    open |= bench.comparison().memoryOpen();
                }
                case UNDEFINED -> {
                    result.undefined++;
                    open = true;
                }
                case DIFFER -> {
                    differs = true;
                    differ(i);
                }
            }
        }
        // what is undefined may have been stored: then both sides only get the same memory again
        boolean same = bench.sameData();
        if (!same && !differs && !open) {
            result.differences++;
            result.agreements--;
            result.byInstruction.merge("(beside operands)", 1L, Long::sum);
            strayWrite(n);
        }
        if (differs || !same) {
            bench.resetData();
        }
    }

    private void differ(int i) {
        Sample sample = placed[i / STATES];
        result.differences++;
        String name = sample.decoded.mnemonic.name();
        if (result.byInstruction.merge(name, 1L, Long::sum) <= FamilyResult.EXAMPLES) {
            result.examples.add(minimizer.minimize(sample, cases, i));
            bench.place(placed);
        }
    }

    /** A case changed memory that no case looks at: finds it by running all again, one after the other. */
    private void strayWrite(int n) {
        bench.resetData();
        for (int i = 0; i < n; i++) {
            bench.runHost(cases, i, 1);
            bench.check(placed[i / STATES], cases, i);
            if (!bench.sameData()) {
                result.examples.add(minimizer.describe(placed[i / STATES], cases, i, "memory at 0x%x, beside the operands".formatted(bench.differentData()), 0, 0));
                return;
            }
        }
    }
}
