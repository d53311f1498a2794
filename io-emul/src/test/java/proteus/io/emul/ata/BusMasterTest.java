package proteus.io.emul.ata;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import proteus.api.io.PciFunction;
import proteus.tck.fake.FakePc;

/** PIIX3 (Intel 290550-002), 2.3, 2.7 and 3.2.4. */
class BusMasterTest {
    private static final int ACTIVE = 1;
    private static final int FAILED = 2;
    private static final int INTERRUPT = 4;

    private final IdeMachine m = new IdeMachine();

    @Test
    void itIsThePiix3FunctionInLegacyMode() {
        PciFunction function = m.pc.function;
        assertEquals(0x8086, function.identity().vendor());
        assertEquals(0x7010, function.identity().device());
        assertEquals(0x010180, function.identity().classCode());
        assertEquals(4, function.bars().getFirst().index());
        assertEquals(16, function.bars().getFirst().size());
        assertEquals(0x80, function.readConfig(0x41) & 0x80, "the first channel decodes");
        assertEquals(0x80, function.readConfig(0x43) & 0x80, "the second channel decodes");
    }

    @Test
    void aReadGoesToTheRegions() {
        m.region(0, 0x2000, 512, false);
        m.region(1, 0x8002, 1024, true);
        m.command(0xc8, 40, 3);
        assertFalse(m.interrupt());
        m.startDma(true);
        assertTrue(m.interrupt());
        assertEquals(INTERRUPT, m.master(2), "idle, and an interrupt");
        assertEquals(IdeMachine.READY, m.reg(7));
        assertEquals(40, m.pc.ram.read16(0x2000));
        assertEquals(41, m.pc.ram.read16(0x8002));
        assertEquals(42, m.pc.ram.read16(0x8002 + 512));
        m.master(2, 1, INTERRUPT);
        assertEquals(0, m.master(2));
    }

    @Test
    void aWriteComesFromTheRegions() {
        m.pc.ram.fill(0x77);
        m.region(0, 0x4000, 700, false);
        m.region(1, 0x6000, 324, true);
        m.command(0xca, 50, 2);
        m.startDma(false);
        assertEquals(IdeMachine.READY, m.reg(7));
        assertEquals(0x77, m.disk.bytes[50 * 512]);
        assertEquals(0x77, m.disk.bytes[51 * 512 + 511]);
        assertEquals(52, m.disk.bytes[52 * 512]);
    }

    @Test
    void theEngineMayBeStartedBeforeTheCommand() {
        m.region(0, 0x2000, 512, true);
        m.startDma(true);
        assertEquals(ACTIVE, m.master(2));
        m.command(0xc8, 7, 1);
        assertEquals(7, m.pc.ram.read16(0x2000));
        assertEquals(INTERRUPT, m.master(2));
    }

    @Test
    void aRegionOfLengthZeroHas64KiB() {
        m.region(0, 0x1_0000, 0, true);
        m.wide(0x25, 0, 128);
        m.startDma(true);
        assertEquals(IdeMachine.READY, m.reg(7));
        assertEquals(127, m.pc.ram.read16(0x1_0000 + 127 * 512));
    }

    @Test
    void longerRegionsLeaveTheEngineActive() {
        m.region(0, 0x2000, 4096, true);
        m.command(0xc8, 1, 1);
        m.startDma(true);
        assertEquals(ACTIVE | INTERRUPT, m.master(2));
        m.master(0, 1, 0);
        assertEquals(INTERRUPT, m.master(2));
    }

    @Test
    void shorterRegionsLeaveTheDiskWaitingUntilReset() {
        m.region(0, 0x2000, 512, true);
        m.command(0xc8, 1, 2);
        m.startDma(true);
        assertEquals(0, m.master(2), "neither active nor an interrupt");
        assertEquals(IdeMachine.READY, m.reg(7), "and the drive waits for nothing that could come");
        m.pc.out(IdeMachine.CONTROL, 4);
        m.pc.out(IdeMachine.CONTROL, 0);
        assertEquals(IdeMachine.READY, m.reg(7));
    }

    @Test
    void withoutBusMasteringNothingReachesMemory() {
        m.region(0, 0x2000, 512, true);
        m.pc.busMaster = false;
        m.command(0xc8, 1, 1);
        m.startDma(true);
        assertEquals(ACTIVE | INTERRUPT, m.master(2), "the drive ends within a region of the table of zeros that it sees");
        assertEquals(0, m.pc.ram.read16(0x2000));
        m.master(0, 1, 0);
        byte[] before = m.disk.bytes.clone();
        m.command(0xca, 1, 1);
        m.startDma(false);
        assertEquals(FAILED, m.master(2) & FAILED);
        assertArrayEquals(before, m.disk.bytes);
    }

    @Test
    void inTheWrongDirectionItFails() {
        m.region(0, 0x2000, 512, true);
        m.command(0xc8, 1, 1);
        m.startDma(false);
        assertEquals(FAILED, m.master(2));
    }

    /** ATA8-ACS-2, 7.10. */
    @Test
    void trimGivesRangesUp() {
        assertEquals(1, m.identify()[169]);
        m.region(0, 0x2000, 512, true);
        m.pc.ram.write64(0x2000, 2L << 48 | 7);
        m.pc.ram.write64(0x2008, 8L << 48 | IdeMachine.SECTORS - 8);
        trim();
        assertEquals(INTERRUPT, m.master(2));
        assertEquals(IdeMachine.READY, m.reg(7));
        assertEquals(List.of("7+2", "1992+8"), m.disk.trimmed);
        m.pc.ram.write64(0x2010, 1L << 48 | IdeMachine.SECTORS);
        m.master(2, 1, INTERRUPT);
        trim();
        assertEquals(INTERRUPT, m.master(2));
        assertEquals(IdeMachine.ERROR, m.reg(7), "beyond the end");
        assertEquals(4, m.reg(1));
    }

    private void trim() {
        m.reg(6, 0xe0);
        m.reg(1, 1);
        m.reg(2, 1);
        m.reg(7, 0x06);
        m.master(0, 1, 0);
        m.startDma(false);
    }

    @Test
    void regionsOutsideMemoryAreAMasterAbort() {
        m.region(0, 0x7fff_0000, 512, true);
        m.command(0xc8, 1, 1);
        m.startDma(true);
        assertEquals(FAILED, m.master(2));
        m.master(0, 1, 0);
        m.master(4, 4, 0xffff_fffc);
        m.command(0xc8, 1, 1);
        m.master(0, 1, 9);
        assertEquals(FAILED, m.master(2) & FAILED);
    }

    @Test
    void aTableWithoutEndIsLeftAfter64KiB() {
        for (int i = 0; i < 8192; i++) {
            m.region(i, 0x2_0000, 2, false);
        }
        m.wide(0x25, 0, 200);
        m.startDma(true);
        assertEquals(FAILED, m.master(2) & (FAILED | ACTIVE));
    }

    @Test
    void aBrokenImageEndsTheTransferWithAnError() {
        m.region(0, 0x2000, 512, true);
        m.disk.broken = true;
        m.command(0xc8, 1, 1);
        m.startDma(true);
        assertEquals(IdeMachine.ERROR, m.reg(7));
        assertTrue((m.master(2) & INTERRUPT) != 0);
    }

    @Test
    void stateTravelsInTheMiddleOfATransfer() {
        m.command(0xc6, 0, 4);
        m.command(0xc4, 300, 6);
        int[] first = m.words(700);
        byte[] state = m.ide.exportState();
        IdeMachine other = new IdeMachine();
        other.ide.importState(state);
        assertArrayEquals(state, other.ide.exportState());
        assertEquals(m.interrupt(), other.interrupt());
        assertEquals(300, first[0]);
        assertArrayEquals(m.words(256 * 6 - 700), other.words(256 * 6 - 700));
        assertEquals(IdeMachine.READY, other.reg(7));
    }

    @Test
    void brokenStatesAreRefusedWithASentence() {
        byte[] state = m.ide.exportState();
        var early = assertThrows(IllegalArgumentException.class, () -> m.ide.importState(new byte[] {2, 2}));
        assertEquals("The state of the IDE controller ends too early.", early.getMessage());
        var other = assertThrows(IllegalArgumentException.class, () -> new PiixIde(new FakePc(), IdeMachine.drives(List.of(m.disk), List.of())).importState(state));
        assertEquals("The state has other drives on the IDE channels than this machine.", other.getMessage());
    }

    @Test
    void damagedStatesMakeNoException() {
        Random random = new Random(3);
        byte[] good = m.ide.exportState();
        for (int i = 0; i < 2000; i++) {
            byte[] bad = good.clone();
            for (int k = 0; k < 8; k++) {
                bad[1 + random.nextInt(bad.length - 1)] = (byte) random.nextInt();
            }
            try {
                m.ide.importState(bad);
            } catch (IllegalArgumentException sentence) {
                continue;
            }
            hostile(random, 200);
        }
    }

    @Test
    void noGuestInputMakesAnException() {
        hostile(new Random(5), 300_000);
    }

    @Test
    void sameInputSameOutput() {
        IdeMachine one = new IdeMachine();
        IdeMachine two = new IdeMachine();
        Random random = new Random(9);
        for (int i = 0; i < 50_000; i++) {
            int port = random.nextInt(20) == 0 ? IdeMachine.CONTROL : IdeMachine.BASE + random.nextInt(8);
            int value = random.nextInt(256);
            if (random.nextBoolean()) {
                one.pc.out(port, value);
                two.pc.out(port, value);
            } else {
                assertEquals(one.pc.in(port), two.pc.in(port));
            }
        }
        assertArrayEquals(one.ide.exportState(), two.ide.exportState());
        assertArrayEquals(one.disk.bytes, two.disk.bytes);
    }

    private void hostile(Random random, int steps) {
        Command[] commands = Command.values();
        for (int i = 0; i < steps; i++) {
            int size = 1 << random.nextInt(3);
            int port = (random.nextBoolean() ? 0x170 : 0x1f0) + random.nextInt(8);
            switch (random.nextInt(10)) {
                case 0 -> m.pc.out(IdeMachine.BASE + 7, commands[random.nextInt(commands.length)].code);
                case 1 -> m.master(random.nextInt(16), size, random.nextInt());
                case 2 -> m.master(random.nextInt(16));
                case 3 -> m.region(random.nextInt(16), random.nextInt(1 << 21), random.nextInt(), random.nextInt(4) == 0);
                case 4 -> m.startDma(random.nextBoolean());
                case 5 -> m.pc.in(port, size);
                case 6 -> m.pc.out(IdeMachine.CONTROL, random.nextInt(256));
                case 7 -> m.pc.function.writeConfig(0x40 + random.nextInt(0xc0), random.nextInt(256));
                case 8 -> {
                    for (int k = 0; k < 256; k++) {
                        m.pc.in(IdeMachine.BASE, 2);
                        m.pc.out(IdeMachine.BASE, 2, k);
                    }
                }
                default -> m.pc.out(port, size, random.nextInt());
            }
        }
    }
}
