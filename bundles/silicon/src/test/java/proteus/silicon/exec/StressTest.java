package proteus.silicon.exec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import proteus.x86.asm.Assembler;

/** Forgetting code in the middle of everything changes nothing that the guest can see. */
class StressTest {
    private static final long CODE = 0x2000;
    private static final String WORK = """
            mov ecx, 3000
            xor eax, eax
        again:
            add eax, ecx
            rol eax, 3
            push rax
            call half
            pop rdx
            test dl, 1
            jz even
            xor eax, 0x1234567
        even:
            mov [0x6000 + rcx*4], eax
            dec ecx
            jnz again
            hlt
        half:
            shr rax, 1
            ret
        """;

    @AfterEach
    void calm() {
        System.clearProperty("proteus.translate.stress");
    }

    private static long[] outcome(boolean translated) {
        try (TestCpu t = TestCpu.with(translated, 64, 4 << 20)) {
            t.write(CODE, Assembler.assemble(WORK, 64, CODE).bytes());
            t.cpu.gpr(4, 0x8000);
            assertEquals(Interpreter.IDLE, t.run(CODE, 1_000_000));
            return new long[] {t.cpu.gpr(0), t.cpu.gpr(2), t.cpu.retired, t.cpu.arithmeticFlags(), t.read64(0x6000 + 4 * 1500)};
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"evict=1", "evict=3", "overwrite=1", "overwrite=5", "single", "single,evict=2,overwrite=3"})
    void forgottenCodeIsTranslatedAgain(String stress) {
        long[] calm = outcome(false);
        System.setProperty("proteus.translate.stress", stress);
        assertArrayEquals(calm, outcome(true));
    }

    @Test
    void withoutStressItIsTheSameToo() {
        assertArrayEquals(outcome(false), outcome(true));
    }
}
