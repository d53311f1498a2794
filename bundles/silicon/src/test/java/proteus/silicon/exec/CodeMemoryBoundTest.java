package proteus.silicon.exec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import proteus.silicon.translate.TranslationCache;
import proteus.x86.asm.Assembler;

/** A guest that makes new code for ever does not take more host memory than its translations were given. */
class CodeMemoryBoundTest {
    private static final int ROOM = 1 << 20, ROUNDS = 30_000;
    private static final long CODE = 0x2000, CHANGING = 0x3000;

    @Test
    void codeThatIsOverwrittenEachTimeStaysWithinItsMemory() {
        TranslationCache.Opened opened = TranslationCache.open(ROOM);
        assumeTrue(opened.cache().isPresent(), opened.refusal());
        TranslationCache cache = opened.cache().orElseThrow();
        try (TestCpu t = new TestCpu(64, 4 << 20, opened.cache())) {
            t.write(CHANGING, Assembler.assemble("mov eax, 0x12345678\nret", 64, CHANGING).bytes());
            t.write(CODE, Assembler.assemble("""
                    mov ecx, %d
                    mov esi, 0x3000
                    xor edx, edx
                again:
                    mov [rsi + 1], ecx
                    call rsi
                    add rdx, rax
                    dec ecx
                    jnz again
                    hlt
                """.formatted(ROUNDS), 64, CODE).bytes());
            t.cpu.gpr(4, 0x8000);
            long most = 0;
            long translations = 0;
            int before = 0;
            int emptied = 0;
            int outcome = t.run(CODE, 3);
            while (outcome != Interpreter.IDLE) {
                outcome = t.run(t.cpu.rip(), 700); // a hundred rounds: far less than the memory holds
                most = Math.max(most, cache.used());
                emptied += cache.size() < before ? 1 : 0;
                translations += cache.size() < before ? cache.size() : cache.size() - before;
                before = cache.size();
            }
            assertEquals((long) ROUNDS * (ROUNDS + 1) / 2, t.cpu.gpr(2));
            assertTrue(translations > ROUNDS / 2, () -> "the changing code was translated each time, not " + cache.size());
            assertTrue(emptied >= 2, "memory ran out at least twice");
            assertTrue(most <= ROOM, "within its memory");
        }
    }
}
