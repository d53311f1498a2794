package proteus.adaptive;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import proteus.api.compose.Composition;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.vm.DeviceSetting;
import proteus.api.vm.VmShape;

class RuleTest {
    private static final VmShape NESTED = shape("ept", ExecutionEngine.NATIVE);
    private static final VmShape SHADOW = shape("shadow", ExecutionEngine.NATIVE);

    private static VmShape shape(String memory, ExecutionEngine engine) {
        return new VmShape(new Composition("model", "hwassist", memory, "emul"), engine, DeviceSetting.Host.NATIVE);
    }

    /** The defaults, and the engine on or off. */
    private static Rule rule(boolean engine) {
        return new Rule((Thresholds) java.lang.reflect.Proxy.newProxyInstance(RuleTest.class.getClassLoader(), new Class<?>[] {Thresholds.class},
                (proxy, method, arguments) -> method.getName().equals("engine") ? engine : method.getDefaultValue()));
    }

    private static Optional<VmShape> judged(VmShape now, double faults, double misses) {
        return rule(false).judge(now, new Sample(faults, misses, 0), 1).shape();
    }

    @Test
    void manyTlbMissesAndHardlyAPageFaultSpeakForShadowPaging() {
        assertEquals(Optional.of(SHADOW), judged(NESTED, 0.1, 10_000));
        assertEquals(Optional.empty(), judged(SHADOW, 0.1, 10_000));
    }

    @Test
    void pageFaultsSpeakForNestedPaging() {
        assertEquals(Optional.of(NESTED), judged(SHADOW, 50, 10_000));
        assertEquals(Optional.empty(), judged(NESTED, 50, 10_000));
    }

    @Test
    void betweenTheThresholdsAllStays() {
        assertEquals(Optional.empty(), judged(NESTED, 1.75, 100_000));
        assertEquals(Optional.empty(), judged(SHADOW, 1.75, 100_000));
    }

    @Test
    void whereThereIsNothingToGainAllStays() {
        assertEquals(Optional.empty(), judged(NESTED, 0, 99));
        assertEquals(Optional.empty(), judged(NESTED, 0, 0));
        assertEquals(Optional.empty(), judged(SHADOW, 0.9, 0));
        assertEquals(Optional.empty(), judged(shape("direct", ExecutionEngine.NATIVE), 50, 10_000));
    }

    @Test
    void codeThatCannotBeTranslatedIsInterpretedForAWhile() {
        Sample hard = new Sample(0, 0, 200_000);
        Sample easy = new Sample(0, 0, 100);
        VmShape interpreted = shape("ept", ExecutionEngine.INTERPRETER);
        assertEquals(Optional.of(interpreted), rule(true).judge(NESTED, hard, 1).shape());
        assertEquals(Optional.empty(), rule(true).judge(NESTED, easy, 1).shape());
        assertEquals(Optional.empty(), rule(true).judge(interpreted, new Sample(0, 0, 0), 19).shape());
        assertEquals(Optional.of(NESTED), rule(true).judge(interpreted, new Sample(0, 0, 0), 20).shape());
        assertEquals(Optional.empty(), rule(true).judge(shape("ept", ExecutionEngine.AUTO), hard, 30).shape());
        assertEquals(Optional.empty(), rule(false).judge(NESTED, hard, 1).shape());
    }

    @Test
    void ratesAreOfTheIntervalAndOfBothWaysAPageFaultReachesTheGuest() {
        Sample sample = Sample.between(
                Map.of("tlb-misses", 100L, "guest-page-faults", 5L),
                Map.of("tlb-misses", 300L, "guest-page-faults", 9L, "true-faults", 2L), 2_000_000, 50);
        assertEquals(new Sample(3, 100, 25), sample);
        assertEquals(0.03, sample.ratio(), 1e-12);
    }

    @Test
    void theSentencesNameTheThresholds() {
        assertTrue(rule(false).sentences().getFirst().contains("1.5e-05"), () -> rule(false).sentences().toString());
    }
}
