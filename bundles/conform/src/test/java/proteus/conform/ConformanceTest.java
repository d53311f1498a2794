package proteus.conform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.silicon.Processor;
import proteus.api.silicon.Silicon;
import proteus.api.silicon.SiliconFeature;
import proteus.conform.cases.Family;
import proteus.conform.host.HostCpu;
import proteus.conform.host.LowMemory;
import proteus.conform.state.Mode;
import proteus.silicon.processor.ModelSilicon;

class ConformanceTest {
    private static final long SEED = 20_260_101, MEMORY = 16L << 20;

    @BeforeAll
    static void onlyWhereThereIsAnOracle() {
        assumeTrue(HostCpu.obstacle().isEmpty(), HostCpu.obstacle());
    }

    @ParameterizedTest
    @EnumSource(names = {"INTERPRETER", "NATIVE"})
    void theModelAgreesWithThisHostInEveryFamilyAndMode(ExecutionEngine engine) throws InterruptedException {
        String refusal = Conformance.refusal(model(), engine);
        assumeTrue(refusal.isEmpty(), refusal);
        Options options = options(engine, 240_000, List.of(Family.values()));
        Silent progress = new Silent();
        List<FamilyResult> results = Conformance.run(model(), options, progress);
        assertEquals(0, results.stream().mapToLong(r -> r.differences).sum(), () -> Report.text(results, options));
        assertTrue(10 * results.stream().mapToLong(r -> r.faults).sum() > results.stream().mapToLong(r -> r.cases).sum(), "a tenth of the cases faults: " + Report.text(results, options));
        long translated = results.stream().filter(r -> r.family.equals("logic") && r.mode.equals("64")).mapToLong(r -> r.translated).sum();
        assertEquals(engine == ExecutionEngine.NATIVE, translated > 2000, () -> Report.text(results, options));
        assumeTrue(progress.skipped.isEmpty(), progress.skipped::toString);
    }

    /**
     * With memory at every address below 4 GiB that the process does not use, an operand that strays out of the window would complete on the
     * host and fault on the model.
     */
    @Test
    void noOperandEverLeavesTheWindow() throws InterruptedException {
        try (LowMemory canary = LowMemory.canary()) {
            assumeTrue(canary.bytes() > 0, "no address below 4 GiB could be mapped");
            Options options = options(80_000, List.of(Family.values()));
            List<FamilyResult> results = Conformance.run(model(), options, new Silent());
            assertEquals(0, results.stream().mapToLong(r -> r.differences).sum(), () -> Report.text(results, options));
        }
    }

    @Test
    void aWrongFlagIsFoundMinimizedAndDisassembled() throws InterruptedException {
        long carry = 1;
        Silicon wrong = changed(registers -> wrapped(CpuRegisters.class, registers, (name, value) -> name.equals("rflags") && value != null ? (Long) value ^ carry : value));
        FamilyResult result = Conformance.run(wrong, options(2000, List.of(Family.LOGIC)), new Silent()).getFirst();
        assertTrue(result.differences > result.cases / 2, "most cases differ: " + result.differences);
        Difference first = result.examples.getFirst();
        assertEquals("RFLAGS", first.where());
        assertTrue(first.instruction().matches("(lock |data16 |rex.*)?(and|or|xor|test|not) .*"), first.instruction());
        assertTrue(result.examples.stream().map(Difference::states).anyMatch(s -> s.contains("host  : completed") && s.contains("model : completed")), first.states());
    }

    @Test
    void theSameSeedGivesTheSameFigures() throws InterruptedException {
        Options options = options(4000, List.of(Family.STRING));
        FamilyResult first = Conformance.run(model(), options, new Silent()).getFirst();
        FamilyResult second = Conformance.run(model(), options, new Silent()).getFirst();
        assertEquals(first.faults, second.faults);
    }

    @Test
    void theCommandLineSaysWhatItDoesNotUnderstand() {
        Options.UsageException e = assertThrows(Options.UsageException.class, () -> Options.parse(new String[] {"--family", "poetry"}));
        assertTrue(e.getMessage().startsWith("there is no family poetry; the families are arithmetic, "), e.getMessage());
        assertThrows(Options.UsageException.class, () -> Options.parse(new String[] {"--cases", "many"}));
        assertThrows(Options.UsageException.class, () -> Options.parse(new String[] {"--only", "("}));
        assertThrows(Options.UsageException.class, () -> Options.parse(new String[] {"--mode", "8"}));
        assertThrows(Options.UsageException.class, () -> Options.parse(new String[] {"--engine", "steam"}));
        assertEquals(List.of(Mode.PROTECTED, Mode.SIXTEEN), Options.parse(new String[] {"--mode=32,16"}).modes());
        assertEquals(7, Options.parse(new String[] {"--cases=1_000", "--seed", "7"}).seed());
    }

    private static Options options(long cases, List<Family> families) {
        return options(ExecutionEngine.INTERPRETER, cases, families);
    }

    private static Options options(ExecutionEngine engine, long cases, List<Family> families) {
        return new Options(engine, cases, SEED, List.of(Mode.values()), families, ".*", Optional.empty(), false);
    }

    private static Silicon model() {
        return new ModelSilicon(MEMORY, EnumSet.noneOf(SiliconFeature.class), 40);
    }

    private static final class Silent implements Conformance.Progress {
        final List<String> skipped = new ArrayList<>();

        @Override
        public void at(String family, long done, long of) {
            // nobody waits
        }

        @Override
        public void skipped(String what) {
            skipped.add(what);
        }
    }

    // ---- a model with a mistake

    /** What a method answered becomes what the caller gets. */
    @FunctionalInterface
    private interface Change {
        Object apply(String method, Object value);
    }

    private static Silicon changed(UnaryOperator<CpuRegisters> registers) {
        return wrapped(Silicon.class, model(), (name, value) -> value instanceof Processor processor
            ? wrapped(Processor.class, processor, (inner, part) -> part instanceof CpuRegisters r ? registers.apply(r) : part) : value);
    }

    private static <T> T wrapped(Class<T> type, T inner, Change change) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
            try {
                return change.apply(method.getName(), method.invoke(inner, arguments));
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        }));
    }
}
