package proteus.silicon.vmx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static proteus.api.silicon.VmcsField.*;
import static proteus.api.silicon.VmxControls.*;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import proteus.api.event.CountedEvent;
import proteus.api.silicon.ExitReason;
import proteus.api.silicon.VpidInvalidation;
import proteus.x86.format.Cr4;

/** Translations are tagged with the VPID (SDM 3C, 29.1 and 29.4); misses tell which are there. */
class VpidTest {
    private final VmxBench bench = new VmxBench();

    @BeforeEach
    void warm() {
        bench.longMode();
        bench.set(GUEST_CR4, Cr4.PGE);
        // the second of the two data pages is global
        bench.write64(VmxBench.pte(VmxBench.DATA + 0x1000), VmxBench.DATA + 0x1000 | 7 | 1 << 8);
        misses(1);
    }

    @AfterEach
    void close() {
        bench.close();
    }

    /** TLB misses of one run over two data pages under a VPID: two of them and one of the code, or what is left of them. */
    private long misses(int vpid) {
        if (bench.vmcs.read(VPID) != vpid) {
            bench.vmcs.write(VPID, vpid);
        }
        long before = bench.counters.get(CountedEvent.TLB_MISSES);
        assertEquals(ExitReason.HLT, bench.run("mov al, [0x9000]\nmov al, [0xa000]\nhlt"));
        return bench.counters.get(CountedEvent.TLB_MISSES) - before;
    }

    private long dataMisses(int vpid) {
        long all = misses(vpid);
        return Math.min(all, 2);
    }

    @Test
    void translationsSurviveEntriesAndExits() {
        assertEquals(0, dataMisses(1));
    }

    @Test
    void withoutVpidsEachEntryFlushes() {
        bench.clear(SECONDARY_PROCESSOR_BASED_CONTROLS, CPU2_ENABLE_VPID);
        misses(1);
        assertEquals(2, dataMisses(1));
    }

    @Test
    void eachVpidHasItsOwn() {
        assertEquals(2, dataMisses(2));
        assertEquals(0, dataMisses(1), "those of the first are still there");
        assertEquals(0, dataMisses(2));
    }

    @Test
    void anIndividualAddressIsForgottenInItsVpidOnly() {
        misses(2);
        bench.processor.invalidateVpid(VpidInvalidation.INDIVIDUAL_ADDRESS, 1, VmxBench.DATA);
        assertEquals(0, dataMisses(2));
        assertEquals(1, dataMisses(1));
    }

    @Test
    void aSingleContextIsForgottenWithOrWithoutGlobals() {
        misses(2);
        bench.processor.invalidateVpid(VpidInvalidation.SINGLE_CONTEXT_RETAINING_GLOBALS, 1, 0);
        assertEquals(0, dataMisses(2));
        long dropped = misses(1);
        bench.processor.invalidateVpid(VpidInvalidation.SINGLE_CONTEXT, 1, 0);
        assertEquals(dropped + 1, misses(1), "the global page too");
        assertEquals(0, dataMisses(2));
    }

    @Test
    void allContextsAreForgotten() {
        misses(2);
        bench.processor.invalidateVpid(VpidInvalidation.ALL_CONTEXTS, 0, 0);
        assertEquals(2, dataMisses(1));
        assertEquals(2, dataMisses(2));
    }

    @Test
    void wrongDescriptorsFail() {
        assertThrows(IllegalArgumentException.class, () -> bench.processor.invalidateVpid(VpidInvalidation.SINGLE_CONTEXT, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> bench.processor.invalidateVpid(VpidInvalidation.INDIVIDUAL_ADDRESS, 1, 1L << 50));
    }
}
