package proteus.mem.shadow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import proteus.api.event.CountedEvent;
import proteus.api.memory.FaultOutcome;
import proteus.api.silicon.VmcsField;
import proteus.api.silicon.VmxControls;
import proteus.mem.shadow.Machine.Result;

/** What each variant does at each step, on a 4-level guest with one page at 0x40_0000_0000 + 4 KiB * n. */
class ShadowMemoryTest {
    private static final long GVA = 0x40_0000_0000L;
    private static final int PML4 = 0x1000, PDPT = 0x2000, PD = 0x3000, PT = 0x4000, PAGE = 0x10_0000;
    private static final int P = 1, W = 2, A = 32, D = 64, PS = 128;

    private Machine machine;

    private void guest(Variant variant) {
        guest(variant, 64);
    }

    private void guest(Variant variant, int frames) {
        machine = new Machine(variant, frames);
        write(PML4, 0, PDPT | P | W);
        write(PDPT, 0x100, PD | P | W);
        write(PD, 0, PT | P | W);
        for (int i = 0; i < 8; i++) {
            write(PT, i, PAGE + 4096L * i | P | W);
        }
        // The tables themselves, so that the guest can write them.
        write(PT, 8, PT | P | W);
        machine.efer = 0xd00;
        machine.cr4 = 32;
        machine.cr0 = 0x8001_0001L;
        machine.cr3 = PML4;
        machine.changed();
    }

    private void write(long table, int index, long entry) {
        machine.host.write64(machine.hpa(table + 8L * index), entry);
    }

    private long read(long table, int index) {
        return machine.host.read64(machine.hpa(table + 8L * index));
    }

    private Result kernel(long gva, boolean write) {
        return machine.access(gva, write, false, false);
    }

    private long count(CountedEvent event) {
        return machine.counters.get(event);
    }

    @Test
    void attachInterceptsPageFaultsInvlpgAndCr3AndDetachTakesItBack() {
        guest(Variant.NAIVE);
        long wanted = VmxControls.CPU_INVLPG_EXITING | VmxControls.CPU_CR3_LOAD_EXITING | VmxControls.CPU_CR3_STORE_EXITING;
        assertEquals(wanted, machine.processor.vmcs().read(VmcsField.PROCESSOR_BASED_CONTROLS) & wanted);
        assertEquals(1 << 14, machine.processor.vmcs().read(VmcsField.EXCEPTION_BITMAP));
        machine.memory.detach(machine.processor);
        assertEquals(0, machine.processor.vmcs().read(VmcsField.PROCESSOR_BASED_CONTROLS) & wanted);
        assertEquals(0, machine.processor.vmcs().read(VmcsField.EXCEPTION_BITMAP));
    }

    @Test
    void aFirstAccessIsOneHiddenFaultAndSetsTheAccessedFlags() {
        guest(Variant.NAIVE);
        assertEquals(machine.hpa(PAGE + 0x123), kernel(GVA + 0x123, false).hpa());
        assertEquals(1, count(CountedEvent.HIDDEN_FAULTS));
        assertEquals(A, read(PML4, 0) & (A | D));
        assertEquals(A, read(PD, 0) & (A | D));
        assertEquals(A, read(PT, 0) & (A | D));
        kernel(GVA + 0x456, false);
        assertEquals(1, count(CountedEvent.HIDDEN_FAULTS), "the second access finds it in the shadow");
    }

    @Test
    void aFirstWriteAfterAReadFaultsOnceMoreAndSetsTheDirtyFlag() {
        guest(Variant.NAIVE);
        kernel(GVA, false);
        assertEquals(0, read(PT, 0) & D);
        assertEquals(FaultOutcome.RESUME, kernel(GVA, true).outcome());
        assertEquals(2, count(CountedEvent.HIDDEN_FAULTS));
        assertEquals(D, read(PT, 0) & D);
    }

    @Test
    void naiveDropsTheEntryAndTheNextAccessFaults() {
        guest(Variant.NAIVE);
        kernel(GVA, true);
        long before = count(CountedEvent.HIDDEN_FAULTS);
        machine.poke(PT, 8, PAGE + 0x5000 | P | W | A | D);
        assertEquals(1, count(CountedEvent.PTE_WRITES_EMULATED));
        assertEquals(machine.hpa(PAGE + 0x5000), kernel(GVA, true).hpa());
        assertEquals(before + 1, count(CountedEvent.HIDDEN_FAULTS));
    }

    @Test
    void updateOnWriteSparesThatFault() {
        guest(Variant.UPDATE_ON_WRITE);
        kernel(GVA, true);
        long before = count(CountedEvent.HIDDEN_FAULTS);
        machine.poke(PT, 8, PAGE + 0x5000 | P | W | A | D);
        assertEquals(1, count(CountedEvent.SHADOW_SYNCS));
        assertEquals(machine.hpa(PAGE + 0x5000), kernel(GVA, true).hpa());
        assertEquals(before, count(CountedEvent.HIDDEN_FAULTS));
    }

    @Test
    void outOfSyncLetsALeafTableGoAndComparesItAtInvlpg() {
        guest(Variant.OUT_OF_SYNC);
        kernel(GVA, true);
        assertTrue(machine.memory.traced(PT));
        assertEquals(machine.hpa(PT), kernel(GVA + 0x8000, true).hpa(), "the guest writes its table itself");
        assertFalse(machine.memory.traced(PT));
        assertEquals(1, count(CountedEvent.SHADOW_UNSYNCS));
        write(PT, 0, PAGE + 0x5000 | P | W | A | D);
        assertEquals(machine.hpa(PAGE), kernel(GVA, true).hpa(), "as a TLB would have it still");
        machine.memory.onInvlpg(machine.processor, GVA);
        assertEquals(machine.hpa(PAGE + 0x5000), kernel(GVA, true).hpa());
        assertEquals(0, count(CountedEvent.PTE_WRITES_EMULATED));
    }

    @Test
    void aLoadOfCr3ComparesAllAndTracesAgain() {
        guest(Variant.OUT_OF_SYNC);
        kernel(GVA, true);
        kernel(GVA + 0x1000, true);
        kernel(GVA + 0x8000, true);
        write(PT, 0, 0);
        write(PT, 1, PAGE + 0x6000 | P | A);
        machine.changed();
        assertTrue(machine.memory.traced(PT));
        assertEquals(FaultOutcome.REFLECT, kernel(GVA, false).outcome());
        assertEquals(machine.hpa(PAGE + 0x6000), kernel(GVA + 0x1000, false).hpa());
        assertEquals(3, kernel(GVA + 0x1000, true).errorCode(), "read-only now");
    }

    @ParameterizedTest
    @EnumSource(Variant.class)
    void aDirectoryStaysTracedInEveryVariant(Variant variant) {
        guest(variant);
        write(PT, 9, PD | P | W);
        kernel(GVA, false);
        assertEquals(FaultOutcome.EMULATE, kernel(GVA + 0x9000, true).outcome());
        machine.poke(PD, 8, 0);
        assertEquals(FaultOutcome.REFLECT, kernel(GVA, false).outcome());
        assertFalse(machine.memory.traced(PT), "a table that was taken down is traced no more");
    }

    @Test
    void aLargePageIsLargeInTheShadowUntilATableLiesInIt() {
        guest(Variant.NAIVE);
        write(PD, 1, 0x20_0000 | P | W | PS);
        long large = GVA + 0x20_0000;
        kernel(large, true);
        long mapped = count(CountedEvent.PAGES_MAPPED);
        assertEquals(machine.hpa(0x2f_f000), kernel(large + 0xf_f000, true).hpa());
        assertEquals(mapped, count(CountedEvent.PAGES_MAPPED), "one entry for all of it");
        write(PD, 2, 0x30_0000 | P | W);
        write(0x30_0000, 0, PAGE | P | W);
        kernel(GVA + 0x40_0000, false);
        assertEquals(FaultOutcome.EMULATE, kernel(large + 0x10_0000, true).outcome(), "the new table is traced");
        assertEquals(machine.hpa(0x20_1000), kernel(large + 0x1000, true).hpa(), "the pages beside it are not");
    }

    @Test
    void withoutWriteProtectionTheSupervisorWritesAUsersReadOnlyPageAndTheUserDoesNot() {
        guest(Variant.NAIVE);
        for (long table : new long[] {PML4, PD}) {
            write(table, 0, read(table, 0) | 4);
        }
        write(PDPT, 0x100, read(PDPT, 0x100) | 4);
        write(PT, 0, PAGE | P | 4);
        machine.cr0 = 0x8000_0001L;
        machine.changed();
        for (int i = 0; i < 3; i++) {
            assertEquals(machine.hpa(PAGE), kernel(GVA, true).hpa());
            assertEquals(machine.hpa(PAGE), machine.access(GVA, false, false, true).hpa());
            assertEquals(7, machine.access(GVA, true, false, true).errorCode());
        }
        machine.cr4 |= 1 << 21;
        machine.processor.registers().rflags(2 | 1 << 18);
        machine.changed();
        assertEquals(FaultOutcome.EMULATE, kernel(GVA, true).outcome(), "allowed by AC, for this access");
    }

    @Test
    void aRootIsFoundAgain() {
        guest(Variant.NAIVE);
        kernel(GVA, false);
        write(0x5000, 0, PDPT | P | W);
        long first = machine.processor.registers().cr(3);
        machine.cr3 = 0x5000;
        machine.changed();
        assertNotEquals(first, machine.processor.registers().cr(3));
        machine.cr3 = PML4;
        machine.changed();
        assertEquals(first, machine.processor.registers().cr(3));
        assertEquals(1, count(CountedEvent.SHADOW_ROOT_HITS));
        long faults = count(CountedEvent.HIDDEN_FAULTS);
        kernel(GVA, false);
        assertEquals(faults, count(CountedEvent.HIDDEN_FAULTS), "with what was below it");
    }

    @Test
    void theBudgetIsKeptByDroppingTheLeastRecentlyUsed() {
        guest(Variant.NAIVE, ShadowPages.LEAST_FRAMES);
        int before = machine.host.allocations();
        for (int i = 1; i < 100; i++) {
            long table = 0x20_0000 + 4096L * i;
            write(PD, i, table | P | W);
            write(table, 0, PAGE | P | W);
            assertEquals(machine.hpa(PAGE), kernel(GVA + 0x20_0000L * i, true).hpa());
        }
        assertTrue(count(CountedEvent.SHADOW_RECLAIMS) > 80, () -> "reclaims: " + count(CountedEvent.SHADOW_RECLAIMS));
        assertTrue(machine.host.allocations() - before <= ShadowPages.LEAST_FRAMES, "frames");
        assertEquals(machine.hpa(PAGE), kernel(GVA + 0x20_0000, true).hpa(), "what was dropped comes again");
    }

    @Test
    void aPageThatIsWrittenAsNoTableIsIsLetGo() {
        guest(Variant.NAIVE);
        kernel(GVA, true);
        assertTrue(machine.memory.traced(PT));
        machine.memory.onTracedWrite(machine.processor, PT + 3, 1);
        assertFalse(machine.memory.traced(PT));
        assertEquals(machine.hpa(PAGE), kernel(GVA, true).hpa());
    }

    @Test
    void deviceRegistersAreNeverMapped() {
        guest(Variant.NAIVE);
        write(PT, 0, 0xfee0_0000L | P | W);
        assertEquals(FaultOutcome.MMIO, kernel(GVA, false).outcome());
        assertEquals(FaultOutcome.MMIO, kernel(GVA, true).outcome());
        write(PT, 1, Machine.ROM | P | W);
        assertEquals(machine.hpa(Machine.ROM), kernel(GVA + 0x1000, false).hpa());
        assertEquals(FaultOutcome.EMULATE, kernel(GVA + 0x1000, true).outcome(), "a write to ROM is lost");
    }

    @Test
    void aFaultThatTheShadowDoesNotExplainIsTheGuests() {
        guest(Variant.NAIVE);
        kernel(GVA, true);
        // As an implicit access under SMAP with AC set.
        assertEquals(FaultOutcome.REFLECT, machine.memory.onPageFault(machine.processor, GVA, 3));
        assertEquals(3, machine.memory.reflectedErrorCode());
    }

    @Test
    void settingsThatDoNotExistAreRefusedInASentence() {
        assertTrue(assertThrows(IllegalArgumentException.class, () -> Variant.of("eager")).getMessage().contains("naive, update-on-write, out-of-sync"));
        assertThrows(IllegalArgumentException.class, () -> new ShadowTechnique(Variant.NAIVE, 3));
    }
}
