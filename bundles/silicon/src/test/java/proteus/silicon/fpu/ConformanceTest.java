package proteus.silicon.fpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import proteus.silicon.cpu.HandlerTable;
import proteus.x86.decode.Mnemonic;

/** The model against the host's processor, every encoding on a few hundred states. {@link Conformance#main} makes long runs of it. */
class ConformanceTest {
    private static final long SEED = 20;
    private static final int CASES = 250;
    /** Ring 0 instructions, which no process can try. */
    private static final Set<Mnemonic> NOT_FOR_A_PROCESS = EnumSet.of(Mnemonic.XSAVES, Mnemonic.XRSTORS);

    /** Data pointers, approximations and some corners differ between makers; the model is an Intel processor. */
    private static void assumeIntelOnLinux() throws IOException {
        boolean intel = NativeCpu.available() && Files.readString(Path.of("/proc/cpuinfo")).contains("GenuineIntel");
        if (!intel) {
            System.err.println("SKIPPED: no Intel processor under Linux x86-64, so nothing vouches for x87, MMX and SSE here");
        }
        assumeTrue(intel, "the oracle is an Intel processor under Linux x86-64");
    }

    @Test
    void x87AgreesWithTheHost() throws IOException {
        assumeIntelOnLinux();
        try (Conformance c = new Conformance()) {
            agree(c, Form.x87(c.handlers));
        }
    }

    @Test
    void mmxAndSseAgreeWithTheHost() throws IOException {
        assumeIntelOnLinux();
        try (Conformance c = new Conformance()) {
            agree(c, Form.simd(c.handlers, 0x1b, 0xd9));
        }
    }

    private static void assumeAvx2() throws IOException {
        assumeIntelOnLinux();
        boolean all = NativeCpu.has("avx2") && NativeCpu.has("fma") && NativeCpu.has("f16c");
        if (!all) {
            System.err.println("SKIPPED: this processor lacks AVX2, FMA or F16C, so nothing vouches for them here");
        }
        assumeTrue(all, "the oracle has AVX2, FMA and F16C");
    }

    @Test
    void avxAgreesWithTheHost() throws IOException {
        assumeAvx2();
        try (Conformance c = new Conformance()) {
            agree(c, Form.vex(c.handlers, 0x1b, 0xd9, 0x86));
        }
    }

    @Test
    void everyPredicateOfVexComparesAsOnTheHost() throws IOException {
        assumeAvx2();
        try (Conformance c = new Conformance()) {
            int[] predicates = java.util.stream.IntStream.range(0, 32).toArray();
            agree(c, Form.vex(c.handlers, predicates).stream().filter(f -> f.op().mnemonic.name().startsWith("VCMP")).toList());
        }
    }

    private static void agree(Conformance c, List<Form> forms) {
        long differences = 0;
        for (Form form : forms) {
            differences += c.run(form, CASES, SEED, true);
        }
        assertEquals(0, differences, () -> String.join("\n", c.examples));
    }

    @Test
    void everyHandlerHasAFormToTry() {
        HandlerTable handlers = new HandlerTable();
        FpuFamilies.register(handlers);
        EnumSet<Mnemonic> tried = EnumSet.noneOf(Mnemonic.class);
        Form.x87(handlers).forEach(f -> tried.add(f.op().mnemonic));
        Form.simd(handlers, 0).forEach(f -> tried.add(f.op().mnemonic));
        Form.vex(handlers, 0).forEach(f -> tried.add(f.op().mnemonic));
        for (Mnemonic mnemonic : Mnemonic.values()) {
            if (handlers.get(mnemonic) != null && !NOT_FOR_A_PROCESS.contains(mnemonic)) {
                assertTrue(tried.contains(mnemonic), () -> "no form of " + mnemonic);
            }
        }
    }
}
