package proteus.board;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import proteus.api.io.InterruptController;
import proteus.api.io.InterruptLine;

class LocalApicTest {
    private static final long APIC = 0xfee0_0000L;
    private static final long IOAPIC = 0xfec0_0000L;
    private static final int TPR = 0x80;
    private static final int PPR = 0xa0;
    private static final int EOI = 0xb0;
    private static final int SVR = 0xf0;
    private static final int ESR = 0x280;
    private static final int ICR = 0x300;
    private static final int LVT_TIMER = 0x320;
    private static final int LVT_LINT0 = 0x350;
    private static final int INITIAL = 0x380;
    private static final int CURRENT = 0x390;
    private static final int DIVIDE = 0x3e0;
    private static final int APIC_BASE = 0x1b;
    private static final int TSC_DEADLINE = 0x6e0;

    private final FakeMachine machine = new FakeMachine();
    private final InterruptController cpu = machine.board.interrupts(0);

    @BeforeEach
    void enable() {
        write(SVR, 0x1ff);
    }

    private int read(int register) {
        return machine.load(APIC + register);
    }

    private void write(int register, int value) {
        machine.store(APIC + register, value);
    }

    private void selfInterrupt(int vector) {
        write(ICR, 0x40000 | vector);
    }

    private void redirect(int pin, int value) {
        machine.store(IOAPIC, 0x10 + 2 * pin + 1);
        machine.store(IOAPIC + 0x10, 0);
        machine.store(IOAPIC, 0x10 + 2 * pin);
        machine.store(IOAPIC + 0x10, value);
    }

    private int redirection(int pin) {
        machine.store(IOAPIC, 0x10 + 2 * pin);
        return machine.load(IOAPIC + 0x10);
    }

    @Test
    void theVersionIsAnIntegratedApicWithSixLocalVectors() {
        assertEquals(0x00050014, read(0x30));
    }

    @Test
    void aSelfInterruptIsRequestedThenServed() {
        selfInterrupt(0x41);
        assertEquals(2, read(0x200 + 0x20));
        assertEquals(0x41, cpu.acknowledge());
        assertEquals(0, read(0x200 + 0x20));
        assertEquals(2, read(0x100 + 0x20));
        assertEquals(0x40, read(PPR));
        write(EOI, 0);
        assertEquals(0, read(0x100 + 0x20));
    }

    @Test
    void higherVectorsComeFirstAndLowerClassesWait() {
        selfInterrupt(0x51);
        selfInterrupt(0x52);
        selfInterrupt(0x61);
        assertEquals(0x61, cpu.acknowledge());
        assertFalse(cpu.pending());
        write(EOI, 0);
        assertEquals(0x52, cpu.acknowledge());
        assertFalse(cpu.pending());
        write(EOI, 0);
        assertEquals(0x51, cpu.acknowledge());
    }

    @Test
    void taskPriorityHoldsBackItsClassAndCr8IsItsUpperHalf() {
        write(TPR, 0x50);
        assertEquals(5, cpu.taskPriority());
        selfInterrupt(0x5f);
        assertFalse(cpu.pending());
        cpu.taskPriority(4);
        assertTrue(cpu.pending());
        assertEquals(0x40, read(TPR));
    }

    @Test
    void theOneShotTimerFiresOnceAfterCountTimesDivisor() {
        write(LVT_TIMER, 0xef);
        write(DIVIDE, 3);
        write(INITIAL, 1000);
        machine.timers.pass(8000);
        assertEquals(500, read(CURRENT));
        machine.timers.pass(7999);
        assertFalse(cpu.pending());
        machine.timers.pass(1);
        assertEquals(0xef, cpu.acknowledge());
        write(EOI, 0);
        machine.timers.pass(1_000_000);
        assertFalse(cpu.pending());
        assertEquals(0, read(CURRENT));
    }

    @Test
    void thePeriodicTimerFiresEveryPeriod() {
        write(LVT_TIMER, 0x200ef);
        write(DIVIDE, 0xb);
        write(INITIAL, 10_000);
        for (int i = 0; i < 5; i++) {
            machine.timers.pass(10_000);
            assertEquals(0xef, cpu.acknowledge());
            write(EOI, 0);
        }
        assertFalse(cpu.pending());
    }

    @Test
    void theDeadlineTimerFiresWhenTheTscArrives() {
        write(LVT_TIMER, 0x400ef);
        cpu.writeMsr(TSC_DEADLINE, 20_000);
        assertEquals(20_000, cpu.readMsr(TSC_DEADLINE));
        machine.timers.pass(9_999);
        assertFalse(cpu.pending());
        machine.timers.pass(1);
        assertEquals(0xef, cpu.acknowledge());
        assertEquals(0, cpu.readMsr(TSC_DEADLINE));
    }

    @Test
    void aDeadlineOutsideDeadlineModeIsIgnored() {
        cpu.writeMsr(TSC_DEADLINE, 20_000);
        assertEquals(0, cpu.readMsr(TSC_DEADLINE));
    }

    @Test
    void softwareDisableMasksTheLocalVectors() {
        write(LVT_TIMER, 0xef);
        write(SVR, 0xff);
        assertEquals(0x100ef, read(LVT_TIMER));
        write(LVT_TIMER, 0xef);
        assertEquals(0x100ef, read(LVT_TIMER));
    }

    @Test
    void anIllegalVectorIsReportedAfterTheStatusRegisterIsWritten() {
        selfInterrupt(0x05);
        assertEquals(0, read(ESR));
        write(ESR, 0);
        assertEquals(0x20, read(ESR));
        write(ESR, 0);
        assertEquals(0, read(ESR));
    }

    @Test
    void theVirtualWireCarriesThePicsInterrupts() {
        machine.initialisePics();
        while (cpu.pending()) {
            cpu.acknowledge();
            machine.out(0x20, 0x20);
        }
        write(LVT_LINT0, 0x10700);
        machine.board.line(4).pulse();
        assertFalse(cpu.pending());
        write(LVT_LINT0, 0x700);
        assertEquals(0x24, cpu.acknowledge());
    }

    @Test
    void thePicReachesTheProcessorBesideAnApicThatSoftwareNeverEnabled() {
        FakeMachine fresh = new FakeMachine();
        fresh.initialisePics();
        fresh.board.line(4).pulse();
        assertTrue(fresh.board.interrupts(0).pending());
    }

    @Test
    void aLevelInterruptOfTheIoApicComesAgainAfterTheEndWhileTheLineIsUp() {
        InterruptLine line = machine.board.line(16);
        redirect(16, 0x8041);
        line.set(true);
        assertEquals(0x4000, redirection(16) & 0x4000);
        assertEquals(0x41, cpu.acknowledge());
        assertEquals(2, read(0x180 + 0x20));
        assertFalse(cpu.pending());
        write(EOI, 0);
        assertEquals(0x41, cpu.acknowledge());
        line.set(false);
        write(EOI, 0);
        assertFalse(cpu.pending());
        assertEquals(0, redirection(16) & 0x4000);
    }

    @Test
    void theEoiRegisterOfTheIoApicClearsRemoteIrr() {
        InterruptLine line = machine.board.line(17);
        redirect(17, 0x8042);
        line.set(true);
        line.set(false);
        machine.store(IOAPIC + 0x40, 0x42);
        assertEquals(0, redirection(17) & 0x4000);
    }

    @Test
    void anEdgeAtAMaskedInputIsLostButALevelIsNot() {
        machine.board.line(18).pulse();
        redirect(18, 0x43);
        assertFalse(cpu.pending());
        machine.board.line(19).set(true);
        redirect(19, 0x8044);
        assertEquals(0x44, cpu.acknowledge());
    }

    @Test
    void isaInterrupt0IsOnIoApicInput2() {
        redirect(2, 0x30);
        machine.out(0x43, 0x34);
        machine.out(0x40, 0xff);
        machine.out(0x40, 0x01);
        machine.timers.pass(1_000_000);
        write(LVT_LINT0, 0x10000);
        assertEquals(0x30, cpu.acknowledge());
    }

    @Test
    void theIoApicSaysVersion0x20With24Inputs() {
        machine.store(IOAPIC, 1);
        assertEquals(0x00170020, machine.load(IOAPIC + 0x10));
    }

    @Test
    void anNmiByCommandWaitsUntilItIsTaken() {
        write(ICR, 0x40400);
        assertTrue(cpu.takeNmi());
        assertFalse(cpu.takeNmi());
    }

    @Test
    void x2apicIsEnteredFromXapicAndLeftOnlyByDisabling() {
        long base = cpu.readMsr(APIC_BASE);
        assertEquals(0xfee00900L, base);
        cpu.writeMsr(APIC_BASE, base | 0x400);
        assertEquals(-1, machine.load(APIC + 0x30));
        assertEquals(0x00050014, cpu.readMsr(0x803));
        assertThrows(IllegalArgumentException.class, () -> cpu.writeMsr(APIC_BASE, base));
        cpu.writeMsr(APIC_BASE, base & ~0x800L);
        assertFalse(cpu.apicEnabled());
        assertThrows(IllegalArgumentException.class, () -> cpu.writeMsr(APIC_BASE, base | 0x400));
        cpu.writeMsr(APIC_BASE, base);
        assertEquals(0x00050014, read(0x30));
    }

    @Test
    void x2apicRegistersFaultInXapicMode() {
        assertThrows(IllegalArgumentException.class, () -> cpu.readMsr(0x803));
    }

    @Test
    void x2apicSelfInterruptAndEndWork() {
        cpu.writeMsr(APIC_BASE, cpu.readMsr(APIC_BASE) | 0x400);
        cpu.writeMsr(0x83f, 0x77);
        assertEquals(0x77, cpu.acknowledge());
        assertThrows(IllegalArgumentException.class, () -> cpu.writeMsr(0x80b, 1));
        cpu.writeMsr(0x80b, 0);
        assertEquals(0, cpu.readMsr(0x813));
        assertThrows(IllegalArgumentException.class, () -> cpu.readMsr(0x80e));
    }

    @Test
    void aMessageIsDeliveredByItsAddressAndData() {
        var function = new TestFunction();
        var slot = machine.board.pci().plug(function);
        slot.message(0xfee00000L, 0x55);
        assertFalse(cpu.pending());
        machine.outDouble(0xcf8, 0x80000000 | slot.device() << 11 | 4);
        machine.outWord(0xcfc, 4);
        slot.message(0xfee00000L, 0x55);
        assertEquals(0x55, cpu.acknowledge());
        slot.message(0x2000, 0x1234_5655);
        assertEquals(0x1234_5655, machine.memory.read32(0x2000), "a message to memory is a write like any other");
        slot.message(0xd000_0000L, 0x55);
        assertFalse(cpu.pending(), "elsewhere it is lost");
    }
}
