package proteus.conform;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.silicon.Silicon;
import proteus.conform.cases.Sample;
import proteus.conform.cases.States;
import proteus.conform.compare.Comparison;
import proteus.conform.host.HostCpu;
import proteus.conform.host.HostFeatures;
import proteus.conform.model.ModelCpu;
import proteus.conform.model.ModelFeatures;
import proteus.conform.state.Cases;
import proteus.conform.state.Mode;
import proteus.conform.state.Window;

/** The two processors side by side, with the same memory. Belongs to one platform thread. */
final class Bench implements AutoCloseable {
    static final String CPU = "max";
    private static final long SEED_OF_CONSTANTS = 1;

    final Set<String> features;
    final boolean upper;
    private final HostCpu host;
    private final ModelCpu model;
    private final Comparison comparison;
    private final Cases mine = new Cases(1);
    private final byte[] initial;
    private final byte[] hostData = new byte[(int) Window.DATA_BYTES];
    private final byte[] modelData = new byte[(int) Window.DATA_BYTES];

    Bench(Silicon silicon, ExecutionEngine engine) {
        Set<String> modelFeatures = ModelFeatures.names(silicon, CPU);
        Set<String> hostFeatures = HostFeatures.names();
        Set<String> both = new HashSet<>(modelFeatures);
        both.retainAll(hostFeatures);
        features = Set.copyOf(both);
        upper = features.contains("avx") && features.contains("xsave");
        States contents = new States(SEED_OF_CONSTANTS, false);
        byte[] constants = contents.constants();
        initial = contents.data();
        comparison = new Comparison(upper);
        model = new ModelCpu(silicon, CPU, engine, upper, constants);
        host = new HostCpu(hostFeatures, constants);
    }

    /** Puts samples into their slots on both sides. */
    void place(Sample... samples) {
        for (Sample sample : samples) {
            host.slot(sample.mode, sample.slot, sample.start, sample.bytes, sample.length);
        }
        host.publish();
        model.code(host.code());
    }

    /** Why cases of a mode cannot run here, or an empty string. */
    String obstacle(Mode mode) {
        return mode.isLong() ? "" : host.compatibilityObstacle();
    }

    /** Gives both sides the same data pages again. */
    void resetData() {
        host.setData(initial);
        model.setData(initial);
    }

    /** Whether the data pages, which cases see only in part, have stayed the same on both sides. */
    boolean sameData() {
        host.data(hostData);
        model.data(modelData);
        return Arrays.equals(hostData, modelData);
    }

    /** Where data pages differ first. */
    long differentData() {
        return Window.DATA + Arrays.mismatch(hostData, modelData);
    }

    void runHost(Cases cases, int first, int count) {
        host.run(cases, first, count);
    }

    /** Runs a case on the model and compares. */
    Comparison.Verdict check(Sample sample, Cases cases, int i) {
        model.run(cases, i, mine, sample.family.vectors(), sample.family.branches());
        return comparison.compare(sample, cases, i, mine);
    }

    /** Whether code of the host executed the last case on the model. */
    boolean translated() {
        return model.translated();
    }

    /** The last comparison. */
    Comparison comparison() {
        return comparison;
    }

    /** What the model made of the last case, side "after" of case 0. */
    Cases mine() {
        return mine;
    }

    @Override
    public void close() {
        host.close();
        model.close();
        mine.close();
    }
}
