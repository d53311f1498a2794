package proteus.io.emul.ata;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** ATA/ATAPI-6, chapters 6 to 9. */
class AtaCommandTest {
    private final IdeMachine m = new IdeMachine();

    private void ends(int status, int error) {
        assertEquals(status, m.alternateStatus());
        assertEquals(error, m.reg(1));
    }

    @Test
    void afterResetADiskShowsItsSignature() {
        m.command(0x20, 5, 1);
        m.pc.out(IdeMachine.CONTROL, 0x04);
        m.pc.out(IdeMachine.CONTROL, 0x00);
        assertEquals(IdeMachine.READY, m.reg(7));
        assertEquals(1, m.reg(1));
        assertEquals(1, m.reg(2));
        assertEquals(1, m.reg(3));
        assertEquals(0, m.reg(4));
        assertEquals(0, m.reg(5));
        assertFalse(m.interrupt());
    }

    @Test
    void identifySaysSizeModelAndModes() {
        int[] words = m.identify();
        assertEquals(IdeMachine.SECTORS, words[60] | words[61] << 16);
        assertEquals(IdeMachine.SECTORS, words[100] | words[101] << 16);
        assertEquals('P' << 8 | 'r', words[27]);
        assertEquals(0x8010, words[47]);
        assertEquals(0x0007, words[63] & 7);
        assertEquals(0, words[88], "no Ultra DMA on a PIIX3");
        assertTrue((words[83] & 1 << 10) != 0, "48-bit addresses");
        int sum = 0;
        for (int word : words) {
            sum += (word & 0xff) + (word >> 8);
        }
        assertEquals(0, sum & 0xff, "checksum of word 255");
    }

    @Test
    void identifyInterruptsOnceAndTheStatusTakesItBack() {
        m.reg(6, 0xa0);
        m.reg(7, 0xec);
        assertTrue(m.interrupt());
        assertEquals(IdeMachine.DATA_REQUEST, m.alternateStatus());
        assertTrue(m.interrupt(), "the alternate status does not");
        assertEquals(IdeMachine.DATA_REQUEST, m.reg(7));
        assertFalse(m.interrupt());
        m.words(256);
        assertEquals(IdeMachine.READY, m.reg(7));
        assertFalse(m.interrupt());
    }

    @Test
    void aReadOfThreeSectorsInterruptsForEach() {
        m.command(0x20, 700, 3);
        for (int i = 0; i < 3; i++) {
            assertTrue(m.interrupt());
            assertEquals(IdeMachine.DATA_REQUEST, m.reg(7));
            assertEquals(700 + i, m.words(256)[0]);
        }
        assertEquals(IdeMachine.READY, m.reg(7));
        assertEquals(702, m.lba28(), "the last sector");
        assertEquals(0, m.reg(2));
        assertFalse(m.interrupt());
    }

    @Test
    void countZeroIs256Sectors() {
        m.command(0x20, 1000, 0);
        for (int i = 0; i < 256; i++) {
            assertEquals(1000 + i, m.words(256)[0]);
        }
        assertEquals(IdeMachine.READY, m.reg(7));
    }

    @Test
    void doubleWordsAreTwoWords() {
        m.command(0x20, 0x102, 1);
        assertEquals(0x0102, m.pc.in(IdeMachine.BASE, 4));
        m.words(254);
        assertEquals(IdeMachine.READY, m.reg(7));
    }

    @Test
    void aWriteAsksForItsFirstSectorWithoutAnInterrupt() {
        m.command(0x30, 9, 2);
        assertFalse(m.interrupt());
        assertEquals(IdeMachine.DATA_REQUEST, m.reg(7));
        m.writeWords(256, 0x1111);
        assertTrue(m.interrupt());
        assertEquals(IdeMachine.DATA_REQUEST, m.reg(7));
        m.writeWords(256, 0x2222);
        assertTrue(m.interrupt());
        assertEquals(IdeMachine.READY, m.reg(7));
        assertEquals(0x11, m.disk.bytes[9 * 512 + 511]);
        assertEquals(0x22, m.disk.bytes[10 * 512]);
        assertEquals(11, m.disk.bytes[11 * 512]);
    }

    @Test
    void multipleMovesBlocks() {
        m.command(0xc4, 0, 1);
        ends(IdeMachine.ERROR, 0x04);
        m.command(0xc6, 0, 3);
        ends(IdeMachine.ERROR, 0x04);
        m.command(0xc6, 0, 8);
        assertEquals(0x0108, m.identify()[59]);
        m.command(0xc4, 100, 20);
        for (int block : new int[] {8, 8, 4}) {
            assertTrue(m.interrupt());
            m.reg(7);
            m.words(256 * block);
        }
        assertEquals(IdeMachine.READY, m.reg(7));
        assertFalse(m.interrupt());
        m.command(0xc5, 100, 9);
        m.writeWords(256 * 8, 0x3333);
        assertEquals(IdeMachine.DATA_REQUEST, m.reg(7));
        m.writeWords(256, 0x4444);
        assertEquals(IdeMachine.READY, m.reg(7));
        assertEquals(0x33, m.disk.bytes[107 * 512]);
        assertEquals(0x44, m.disk.bytes[108 * 512]);
    }

    @Test
    void cylindersHeadsAndSectorsAreAddressesToo() {
        m.reg(6, 0xa0 | 2);
        m.reg(2, 1);
        m.reg(3, 5);
        m.reg(4, 1);
        m.reg(5, 0);
        m.reg(7, 0x20);
        assertEquals((16 + 2) * 63 + 4, m.words(256)[0]);
        m.reg(3, 0);
        m.reg(7, 0x20);
        ends(IdeMachine.ERROR, 0x10);
    }

    @Test
    void initializeParametersChangesTheGeometry() {
        m.reg(6, 0xa0 | 3);
        m.reg(2, 10);
        m.reg(7, 0x91);
        assertEquals(IdeMachine.READY, m.reg(7));
        int[] words = m.identify();
        assertEquals(4, words[55]);
        assertEquals(10, words[56]);
        m.reg(6, 0xa0 | 1);
        m.reg(2, 1);
        m.reg(3, 1);
        m.reg(4, 2);
        m.reg(5, 0);
        m.reg(7, 0x20);
        assertEquals((2 * 4 + 1) * 10, m.words(256)[0]);
    }

    @Test
    void wideCommandsTakeTheSecondBytes() {
        m.wide(0x24, 1234, 2);
        assertEquals(1234, m.words(256)[0]);
        assertEquals(1235, m.words(256)[0]);
        m.wide(0x24, 1L << 32, 1);
        ends(IdeMachine.ERROR, 0x10);
        m.wide(0x24, 0, 0x0100);
        m.words(256 * 256);
        assertEquals(IdeMachine.READY, m.reg(7));
    }

    @Test
    void highOrderBytesAreReadThroughTheControlRegister() {
        m.wide(0x27, 0, 0);
        assertEquals((IdeMachine.SECTORS - 1) & 0xff, m.reg(3));
        m.reg(3, 0x12);
        m.reg(3, 0x34);
        m.pc.out(IdeMachine.CONTROL, 0x80);
        assertEquals(0x12, m.reg(3));
        m.pc.out(IdeMachine.CONTROL, 0x00);
        assertEquals(0x34, m.reg(3));
        m.pc.out(IdeMachine.CONTROL, 0x80);
        m.reg(2, 1);
        assertEquals(0x34, m.reg(3), "any write clears HOB");
    }

    @Test
    void beyondTheEndNothingIsFound() {
        m.command(0x20, IdeMachine.SECTORS - 1, 2);
        ends(IdeMachine.ERROR, 0x10);
        assertEquals(IdeMachine.SECTORS, m.lba28());
        assertTrue(m.interrupt());
        m.command(0x20, IdeMachine.SECTORS - 1, 1);
        assertEquals(IdeMachine.DATA_REQUEST, m.reg(7));
    }

    @Test
    void aBrokenImageIsAnUncorrectableError() {
        m.disk.broken = true;
        m.command(0x20, 77, 1);
        ends(IdeMachine.ERROR, 0x40);
        assertEquals(77, m.lba28());
        m.command(0xe7, 0, 0);
        ends(IdeMachine.ERROR, 0x04);
    }

    @Test
    void aReadOnlyImageAbortsWrites() {
        m.disk.readOnly = true;
        m.command(0x30, 1, 1);
        ends(IdeMachine.ERROR, 0x04);
    }

    @Test
    void flushReachesTheImageAndWithoutWriteCacheEachWriteDoes() {
        m.command(0xe7, 0, 0);
        assertEquals(1, m.disk.flushes);
        m.command(0x30, 1, 1);
        m.writeWords(256, 1);
        assertEquals(1, m.disk.flushes);
        m.reg(1, 0x82);
        m.reg(7, 0xef);
        assertEquals(2, m.disk.flushes);
        assertEquals(0, m.identify()[85] & 0x20);
        m.command(0x30, 1, 1);
        m.writeWords(256, 1);
        assertEquals(3, m.disk.flushes);
    }

    @Test
    void transferModesUpToMultiwordTwoAreAccepted() {
        m.reg(6, 0xa0);
        m.reg(1, 0x03);
        m.reg(2, 0x22);
        m.reg(7, 0xef);
        assertEquals(IdeMachine.READY, m.reg(7));
        assertEquals(0x0407, m.identify()[63]);
        m.reg(1, 0x03);
        m.reg(2, 0x42);
        m.reg(7, 0xef);
        ends(IdeMachine.ERROR, 0x04);
    }

    @Test
    void unknownCommandsAndPacketsAreAborted() {
        for (int code : new int[] {0x00, 0xa0, 0xa1, 0xb0, 0xf5, 0xff}) {
            m.command(code, 0, 1);
            ends(IdeMachine.ERROR, 0x04);
        }
    }

    @Test
    void nativeMaxIsTheLastSector() {
        m.command(0xf8, 0, 0);
        assertEquals(IdeMachine.SECTORS - 1, m.lba28());
    }

    @Test
    void bothDisksHearRegistersButOnlyTheSelectedOneCommands() {
        m.command(0x30, 3, 1);
        m.writeWords(256, 0x5555);
        m.reg(6, 0xf0);
        m.reg(2, 1);
        m.reg(3, 4);
        m.reg(4, 0);
        m.reg(5, 0);
        m.reg(7, 0x20);
        assertEquals(4, m.words(256)[0]);
        assertEquals(3, m.second.bytes[3 * 512]);
        assertEquals(0x55, m.disk.bytes[3 * 512]);
    }

    @Test
    void anAbsentSecondDiskHasNoStatus() {
        IdeMachine one = new IdeMachine();
        var pc = new proteus.tck.fake.FakePc();
        new PiixIde(pc, IdeMachine.drives(java.util.List.of(one.disk), java.util.List.of()));
        pc.out(0x1f6, 0xb0);
        assertEquals(0, pc.in(0x1f7));
        pc.out(0x1f2, 0x55);
        assertEquals(0x55, pc.in(0x1f2), "device 0 answers");
        pc.out(0x1f7, 0xec);
        assertEquals(0, pc.in(0x1f7));
        assertEquals(0, pc.in(0x177));
        assertFalse(pc.interrupts[14]);
    }

    @Test
    void interruptsCanBeSwitchedOff() {
        m.pc.out(IdeMachine.CONTROL, 0x02);
        m.command(0x20, 0, 1);
        assertFalse(m.interrupt());
        m.pc.out(IdeMachine.CONTROL, 0x00);
        assertTrue(m.interrupt(), "it is pending still");
    }

    @Test
    void diagnosticsTellOfBothDisks() {
        m.reg(6, 0xb0);
        m.reg(7, 0x90);
        assertEquals(1, m.reg(1));
        assertEquals(1, m.reg(2));
        assertEquals(0, m.reg(6) & 0x10, "device 0 is selected");
        assertTrue(m.interrupt());
    }

    @Test
    void whileDataIsRequestedRegistersDoNotChange() {
        m.command(0x20, 8, 1);
        m.reg(3, 0x77);
        assertEquals(8, m.reg(3));
    }
}
