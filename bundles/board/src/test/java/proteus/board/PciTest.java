package proteus.board;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import proteus.api.io.InterruptController;
import proteus.api.io.PciSlots.Slot;

class PciTest {
    private final FakeMachine machine = new FakeMachine();

    private void select(int device, int function, int register) {
        machine.outDouble(0xcf8, 0x80000000 | device << 11 | function << 8 | register);
    }

    private int config(int device, int function, int register) {
        select(device, function, register);
        return machine.inDouble(0xcfc);
    }

    private void config(int device, int function, int register, int value) {
        select(device, function, register);
        machine.outDouble(0xcfc, value);
    }

    @Test
    void linuxFindsConfigurationMechanism1() {
        machine.out(0xcfb, 0x01);
        int saved = machine.inDouble(0xcf8);
        machine.outDouble(0xcf8, 0x80000000);
        assertEquals(0x80000000, machine.inDouble(0xcf8));
        machine.outDouble(0xcf8, saved);
    }

    @Test
    void theChipSetIsThere() {
        assertEquals(0x12378086, config(0, 0, 0));
        assertEquals(0x0600, config(0, 0, 8) >>> 16);
        assertEquals(0x70008086, config(1, 0, 0));
        assertEquals(0x80, config(1, 0, 0x0c) >> 16 & 0xff);
        assertEquals(0x71138086, config(1, 3, 0));
        assertEquals(-1, config(2, 0, 0));
    }

    @Test
    void theLowBitsOfTheAddressChooseAByteAsThoseOfTheDataPortDo() {
        select(0, 0, 2);
        assertEquals(0x1237, machine.inWord(0xcfc));
        assertEquals(0x1237, machine.inWord(0xcfe));
        assertEquals(0x80000000, machine.inDouble(0xcf8), "they are reserved and read as zeros");
    }

    @Test
    void theHostBridgeKeepsItsManagementSegmentAwayFromPrograms() {
        assertEquals(0x02, config(0, 0, 0x70) >> 16 & 0xff);
        config(0, 0, 0x70, 0);
        machine.board.reset();
        assertEquals(0x02, config(0, 0, 0x70) >> 16 & 0xff);
    }

    @Test
    void registersAreReadInPieces() {
        select(0, 0, 0);
        assertEquals(0x8086, machine.inWord(0xcfc));
        assertEquals(0x1237, machine.inWord(0xcfe));
        assertEquals(0x12, machine.in(0xcff));
    }

    @Test
    void barsTellTheirSizeAndMoveOnTheBuses() {
        Slot slot = machine.board.pci().plug(new TestFunction());
        int device = slot.device();
        assertEquals(2, device);
        config(device, 0, 0x10, -1);
        assertEquals(0xffffffe1, config(device, 0, 0x10));
        config(device, 0, 0x18, -1);
        config(device, 0, 0x1c, -1);
        assertEquals(0xffffc004, config(device, 0, 0x18));
        assertEquals(-1, config(device, 0, 0x1c));
        config(device, 0, 0x14, -1);
        assertEquals(0, config(device, 0, 0x14));

        config(device, 0, 0x10, 0xc000);
        assertEquals(0xff, machine.in(0xc004));
        config(device, 0, 4, 1);
        assertEquals(0xa4, machine.in(0xc004));
        config(device, 0, 0x10, 0xd000);
        assertEquals(0xff, machine.in(0xc004));
        assertEquals(0xa4, machine.in(0xd004));
        slot.close();
        assertEquals(0xff, machine.in(0xd004));
        assertEquals(-1, config(device, 0, 0));
    }

    @Test
    void aRangeOverAnotherDeviceStaysAwayUntilItMoves() {
        int device = machine.board.pci().plug(new TestFunction()).device();
        config(device, 0, 4, 1);
        config(device, 0, 0x10, 0x60);
        assertEquals(0x10 | 0x04, machine.in(0x64));
        config(device, 0, 0x10, 0xc000);
        assertEquals(0xa0, machine.in(0xc000));
    }

    @Test
    void aTakenSlotIsNamed() {
        var refused = assertThrows(IllegalArgumentException.class, () -> machine.board.pci().plug(1, 3, new TestFunction()));
        assertEquals("PCI slot 00:01.3 holds PIIX4 power management already.", refused.getMessage());
    }

    @Test
    void anInterruptGoesByThePirqRegistersAndToTheIoApic() {
        machine.board.installTables(true);
        machine.initialisePics();
        machine.out(0x21, 0xfb);
        InterruptController cpu = machine.board.interrupts(0);
        Slot slot = machine.board.pci().plug(new TestFunction());
        // Slot 2, INTA: PIRQB, routed to 11.
        slot.interrupt().set(true);
        assertEquals(0x2b, cpu.acknowledge());
        assertEquals(0x08, config(slot.device(), 0, 4) >> 16 & 0x08);
        machine.out(0xa0, 0x20);
        machine.out(0x20, 0x20);
        assertTrue(cpu.pending());
        config(slot.device(), 0, 4, 0x400);
        assertFalse(cpu.pending());
        config(slot.device(), 0, 4, 0);
        select(1, 0, 0x60);
        machine.out(0xcfd, 0x80);
        assertFalse(cpu.pending());
    }

    @Test
    void firmwareAssignsAddressesInsideTheWindows() {
        int device = machine.board.pci().plug(new TestFunction()).device();
        machine.board.installTables(true);
        assertEquals(0xc001, config(device, 0, 0x10));
        assertEquals(0xe0000004, config(device, 0, 0x18));
        assertEquals(3, config(device, 0, 4) & 3);
        assertEquals(0x010b, config(device, 0, 0x3c) & 0xffff);
        assertEquals(0xa8, machine.mmio.read(0xe0000008L, 1));
    }

    @Test
    void powerManagementTurnsOffAndTellsTime() {
        machine.board.installTables(true);
        assertEquals(1, machine.inWord(0x604));
        machine.timers.pass(1_000_000_000L);
        assertEquals(3_579_545, machine.inDouble(0x608));
        machine.outWord(0x604, 0x2000);
        assertEquals(List.of("power off"), machine.events);
    }

    @Test
    void thePmTimersOverflowInterruptsWhenEnabled() {
        machine.board.installTables(true);
        machine.initialisePics();
        machine.out(0x21, 0xfb);
        machine.outWord(0x602, 1);
        InterruptController cpu = machine.board.interrupts(0);
        machine.timers.pass(2_343_000_000L);
        assertFalse(cpu.pending());
        machine.timers.pass(1_000_000L);
        assertEquals(0x29, cpu.acknowledge());
        assertEquals(1, machine.inWord(0x600) & 1);
        machine.outWord(0x600, 1);
        assertEquals(0, machine.inWord(0x600) & 1);
    }
}
