package proteus.silicon.exec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import proteus.silicon.translate.HostFaultException;
import proteus.silicon.translate.TranslationCache;

class HostFaultTest {
    @Test
    void aFaultInGeneratedCodeIsAnExceptionAndTheJvmLives() {
        TranslationCache.Opened opened = TranslationCache.open(1 << 20);
        assumeTrue(opened.cache().isPresent(), opened.refusal());
        try (TranslationCache cache = opened.cache().get()) {
            for (int i = 0; i < 3; i++) {
                // the struct is in the run of the code, and not executable
                HostFaultException fault = assertThrows(HostFaultException.class, () -> cache.enter(cache.struct(), 0, 1, false, false, false));
                assertTrue(fault.getMessage().contains("signal 11"), fault.getMessage());
            }
        }
        // the JVM's own use of the signal goes on: an implicit null check
        Object[] nothing = {null};
        assertThrows(NullPointerException.class, () -> nothing[0].hashCode());
    }

    @Test
    void stateOfOneProcessorIsNotThatOfAnother() {
        TranslationCache.Opened first = TranslationCache.open(1 << 20);
        assumeTrue(first.cache().isPresent(), first.refusal());
        try (TranslationCache a = first.cache().get(); TranslationCache b = TranslationCache.open(1 << 20).cache().orElseThrow()) {
            assertThrows(HostFaultException.class, () -> a.enter(a.struct(), 0, 7, false, false, false));
            assertThrows(HostFaultException.class, () -> b.enter(b.struct(), 0, 9, false, false, false));
            assertEquals(7, a.budget());
            assertEquals(9, b.budget());
        }
    }
}
