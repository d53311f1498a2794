package proteus.io.emul.ata;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import proteus.api.io.DeviceRole;
import proteus.api.io.DeviceSpec;
import proteus.io.emul.EmulTechnique;
import proteus.tck.fake.FakePc;

/** A CD-ROM drive at the secondary master, as a driver sees it (ATA/ATAPI-6, 9.9; MMC-3). */
class CdDriveTest {
    private static final int BASE = 0x170;
    private static final int BLOCKS = 100;
    private static final int READY = 0x50;
    private static final int DATA_REQUEST = 0x58;
    private static final int ERROR = 0x51;
    private static final int WANTS_PACKET = 1;
    private static final int GIVES = 2;
    private static final int OVER = 3;

    private final FakePc pc = new FakePc();
    private final MemoryDisk disc = new MemoryDisk(BLOCKS * 4);
    private final PiixIde ide = new PiixIde(pc, IdeMachine.drives(List.of(), List.of(disc)));

    private int reg(int register) {
        return pc.in(BASE + register);
    }

    private void reg(int register, int value) {
        pc.out(BASE + register, value);
    }

    private boolean interrupt() {
        return pc.interrupts[15];
    }

    private void packet(boolean dma, int limit, int... bytes) {
        reg(6, 0xa0);
        reg(1, dma ? 1 : 0);
        reg(4, limit & 0xff);
        reg(5, limit >> 8);
        reg(7, 0xa0);
        assertFalse(interrupt(), "the packet is asked for without an interrupt");
        assertEquals(DATA_REQUEST, reg(7));
        assertEquals(WANTS_PACKET, reg(2));
        int[] packet = Arrays.copyOf(bytes, 12);
        for (int i = 0; i < 12; i += 2) {
            pc.out(BASE, 2, packet[i] | packet[i + 1] << 8);
        }
    }

    /** Takes an answer by programmed I/O; counts its bursts. */
    private byte[] answer(int[] bursts) {
        ByteBuffer all = ByteBuffer.allocate(1 << 20);
        while (reg(2) == GIVES) {
            assertTrue(interrupt(), "an interrupt for each burst");
            assertEquals(DATA_REQUEST, reg(7));
            int bytes = reg(4) | reg(5) << 8;
            for (int i = 0; i < bytes; i += 2) {
                int word = pc.in(BASE, 2);
                all.put((byte) word);
                if (i + 1 < bytes) {
                    all.put((byte) (word >> 8));
                }
            }
            bursts[0]++;
        }
        assertEquals(OVER, reg(2));
        assertTrue(interrupt());
        return Arrays.copyOf(all.array(), all.position());
    }

    private byte[] command(int... bytes) {
        packet(false, 0xfffe, bytes);
        return answer(new int[1]);
    }

    private void fails(int key, int code, int... bytes) {
        packet(false, 0xfffe, bytes);
        assertEquals(OVER, reg(2));
        assertEquals(key << 4 | 4, reg(1));
        assertEquals(ERROR, reg(7));
        byte[] sense = command(0x03, 0, 0, 0, 18);
        assertEquals(18, sense.length);
        assertEquals(key, sense[2]);
        assertEquals(code, sense[12]);
        assertEquals(0, command(0x03, 0, 0, 0, 18)[2], "it is told once");
    }

    @Test
    void itSaysThatItIsNoDisk() {
        assertEquals(0x14, reg(4));
        assertEquals(0xeb, reg(5));
        assertEquals(0, reg(7), "a packet device is not ready for the commands of disks");
        reg(7, 0xec);
        assertEquals(ERROR, reg(7));
        assertEquals(0x14, reg(4));
        assertEquals(0xeb, reg(5));
        reg(7, 0xa1);
        assertEquals(DATA_REQUEST, reg(7));
        int[] words = new int[256];
        for (int i = 0; i < 256; i++) {
            words[i] = pc.in(BASE, 2);
        }
        assertEquals(0x85c0, words[0]);
        assertEquals('P' << 8 | 'r', words[27]);
        assertEquals(READY, reg(7));
        assertEquals("PIIX3 IDE at 0x1f0 and 0x170, IRQ 14 and 15, with 0 disks and a CD-ROM drive", ide.name());
    }

    @Test
    void inquiryTellsWhoItIs() {
        byte[] inquiry = command(0x12, 0, 0, 0, 36);
        assertEquals(36, inquiry.length);
        assertEquals(5, inquiry[0]);
        assertEquals((byte) 0x80, inquiry[1], "removable");
        assertEquals("PROTEUS Proteus CD-ROM  ", new String(inquiry, 8, 24, StandardCharsets.US_ASCII));
        assertEquals(5, command(0x12, 0, 0, 0, 5).length, "no more than was asked for");
    }

    @ParameterizedTest
    @ValueSource(ints = {0xfffe, 2048, 4096, 1000, 3})
    void blocksComeInBurstsOfWhatTheDriverAllows(int limit) {
        packet(false, limit, 0x28, 0, 0, 0, 0, 7, 0, 0, 5);
        int[] bursts = new int[1];
        assertArrayEquals(Arrays.copyOfRange(disc.bytes, 7 * 2048, 12 * 2048), answer(bursts));
        assertEquals(Math.ceilDiv(5 * 2048, limit & ~1), bursts[0]);
        assertEquals(READY, reg(7));
        assertFalse(interrupt());
    }

    @Test
    void blocksComeByDma() {
        pc.ram.write32(0x1000, 0x4000);
        pc.ram.write32(0x1004, 3000);
        pc.ram.write32(0x1008, 0x8000);
        pc.ram.write32(0x100c, 3 * 2048 - 3000 | 1 << 31);
        packet(true, 0, 0xa8, 0, 0, 0, 0, 90, 0, 0, 0, 3);
        assertFalse(interrupt(), "it waits for the bus master");
        var master = pc.function.bars().getFirst().registers();
        master.write(12, 4, 0x1000);
        master.write(8, 1, 9);
        assertTrue(interrupt());
        assertEquals(4, master.read(10, 1), "idle, and an interrupt");
        assertEquals(OVER, reg(2));
        assertEquals(READY, reg(7));
        byte[] got = new byte[3 * 2048];
        pc.ram.read(0x4000, got, 0, 3000);
        pc.ram.read(0x8000, got, 3000, got.length - 3000);
        assertArrayEquals(Arrays.copyOfRange(disc.bytes, 90 * 2048, 93 * 2048), got);
    }

    @Test
    void theDiscIsDescribed() {
        assertArrayEquals(new byte[] {0, 0, 0, BLOCKS - 1, 0, 0, 8, 0}, command(0x25));
        byte[] toc = command(0x43, 0, 0, 0, 0, 0, 0, 0, 100);
        assertArrayEquals(new byte[] {0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0, 0, 0x14, (byte) 0xaa, 0, 0, 0, 0, BLOCKS}, toc);
        byte[] minutes = command(0x43, 2, 0, 0, 0, 0, 0xaa, 0, 100);
        assertArrayEquals(new byte[] {0, 10, 1, 1, 0, 0x14, (byte) 0xaa, 0, 0, 0, 3, 25}, minutes, "250 frames behind the start");
        assertEquals(12, command(0x43, 0, 1, 0, 0, 0, 0, 0, 100).length, "sessions");
        byte[] configuration = command(0x46, 0, 0, 0, 0, 0, 0, 0, 100);
        assertEquals(0x08, configuration[7], "the current profile is CD-ROM");
        assertEquals(configuration.length - 4, configuration[3]);
        assertEquals(16, command(0x46, 2, 0, 3, 0, 0, 0, 0, 100).length, "one feature alone");
        assertArrayEquals(new byte[] {0, 6, 4, 0x10, 0, 2, 0, 0}, command(0x4a, 1, 0, 0, 0x10, 0, 0, 0, 100));
        byte[] modes = command(0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 100);
        assertEquals(0x2a, modes[8]);
        assertEquals(modes.length - 2, modes[1]);
        assertEquals(34, command(0x51, 0, 0, 0, 0, 0, 0, 0, 34).length);
        assertEquals(0, command(0x00).length, "the unit is ready");
        assertEquals(0, command(0x1e, 0, 0, 0, 1).length);
    }

    @Test
    void whatCannotBeDoneHasASense() {
        fails(5, 0x20, 0x5d);
        fails(5, 0x21, 0x28, 0, 0, 0, 0, BLOCKS, 0, 0, 1);
        fails(5, 0x21, 0x28, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 2);
        fails(5, 0x24, 0x43, 0, 5, 0, 0, 0, 0, 0, 100);
        fails(5, 0x53, 0x1b, 0, 0, 0, 2);
        disc.broken = true;
        fails(3, 0x11, 0x28, 0, 0, 0, 0, 1, 0, 0, 1);
        disc.broken = false;
        assertEquals(2048, command(0x28, 0, 0, 0, 0, 1, 0, 0, 1).length, "and then it goes on");
    }

    @Test
    void aDeviceResetEndsACommand() {
        packet(false, 2048, 0x28, 0, 0, 0, 0, 0, 0, 0, 9);
        pc.in(BASE, 2);
        reg(7, 0x08);
        assertEquals(0, pc.in(0x376));
        assertEquals(0x14, reg(4));
        assertEquals(0xeb, reg(5));
        assertEquals(36, command(0x12, 0, 0, 0, 36).length);
    }

    @Test
    void aCommandUnderWayIsPartOfTheState() {
        packet(false, 2048, 0x28, 0, 0, 0, 0, 3, 0, 0, 2);
        int first = pc.in(BASE, 2);
        byte[] state = ide.exportState();
        ide.reset();
        ide.importState(state);
        assertEquals(disc.bytes[3 * 2048] & 0xff | (disc.bytes[3 * 2048 + 1] & 0xff) << 8, first);
        int words = 0;
        while (reg(2) == GIVES) {
            pc.in(BASE, 2);
            words++;
        }
        assertEquals(2047, words);
        assertEquals(OVER, reg(2));
    }

    @Test
    void drivesHaveTheirPlaces() {
        FakePc other = new FakePc();
        try (PiixIde many = new PiixIde(other, IdeMachine.drives(List.of(new MemoryDisk(10), new MemoryDisk(11), new MemoryDisk(12)), List.of(disc)))) {
            assertEquals(0x14, other.in(0x174), "the CD-ROM drive is the secondary master");
            other.out(0x176, 0xb0);
            assertEquals(0, other.in(0x174), "the third disk is the secondary slave");
            assertTrue(many.name().endsWith("with 3 disks and a CD-ROM drive"));
        }
        assertTrue(new EmulTechnique().roles().contains(DeviceRole.CDROM));
    }

    @Test
    void aDriveWithoutADiscSaysSo() {
        FakePc other = new FakePc();
        var empty = new DeviceSpec(DeviceRole.CDROM, null, 0, Map.of(DeviceSpec.PLACE, "0", DeviceSpec.SERIAL, "mine", DeviceSpec.FIRMWARE, "2.5"));
        new PiixIde(other, List.of(empty));
        other.out(0x1f6, 0xa0);
        other.out(0x1f7, 0xa1);
        int[] words = new int[256];
        Arrays.setAll(words, i -> other.in(0x1f0, 2));
        assertEquals('m' << 8 | 'i', words[10]);
        assertEquals('2' << 8 | '.', words[23]);
        other.out(0x1f7, 0xa0);
        for (int i = 0; i < 6; i++) {
            other.out(0x1f0, 2, i == 0 ? CdCommand.READ_CAPACITY : 0);
        }
        assertEquals(ERROR, other.in(0x1f7));
        assertEquals(0x24, other.in(0x1f1), "not ready, aborted");
        other.out(0x1f7, 0xa0);
        for (int i = 0; i < 6; i++) {
            other.out(0x1f0, 2, i == 0 ? CdCommand.REQUEST_SENSE : i == 2 ? 18 : 0);
        }
        int[] sense = new int[9];
        Arrays.setAll(sense, i -> other.in(0x1f0, 2));
        assertEquals(2, sense[1]);
        assertEquals(0x3a, sense[6], "medium not present");
    }

    @Test
    void aWishThatCannotBeFulfilledIsSaidSo() {
        var nowhere = new DeviceSpec(DeviceRole.DISK, disc, 0, Map.of(DeviceSpec.PLACE, "4"));
        assertEquals("'4' is no place on the IDE channels: give 0 to 3.", refused(nowhere));
        var longSerial = new DeviceSpec(DeviceRole.DISK, disc, 0, Map.of(DeviceSpec.SERIAL, "x".repeat(21)));
        assertEquals("The serial '%s' of an IDE drive is not of up to 20 ASCII characters.".formatted("x".repeat(21)), refused(longSerial));
        var first = new DeviceSpec(DeviceRole.DISK, disc, 0, Map.of(DeviceSpec.PLACE, "3"));
        assertEquals("Two drives want place 3 on the IDE channels.", refused(first, first));
    }

    private static String refused(DeviceSpec... drives) {
        return assertThrows(IllegalArgumentException.class, () -> new PiixIde(new FakePc(), List.of(drives))).getMessage();
    }
}
