package proteus.io.emul.ata;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The 256 words of IDENTIFY DEVICE and IDENTIFY PACKET DEVICE (ATA/ATAPI-6, 8.15 and 8.16, tables 27 and 28). */
final class IdentifyData {
    private static final long LBA_28_MOST = 0x0fff_ffff;
    private static final long CHS_MOST = 16_514_064;
    private static final int CYLINDERS_MOST = 16_383;
    /** Nanoseconds of a PIO or DMA cycle in the fastest modes without Ultra DMA. */
    private static final int CYCLE = 120;

    private final byte[] words = new byte[512];

    private IdentifyData() {}

    /**
     * Describes a disk.
     *
     * @param multiple sectors per block now, 0 for not set
     * @param multiwordMode multiword DMA mode that is selected, or -1
     * @param trims whether TRIM does something
     */
    static byte[] of(DriveIdentity identity, long sectors, Geometry current, int multiple, int multiwordMode, boolean writeCache, boolean lookAhead, boolean trims) {
        IdentifyData data = new IdentifyData();
        data.fill(identity, sectors, current, multiple, multiwordMode, writeCache, lookAhead, trims);
        return data.words;
    }

    /** Describes a CD-ROM drive. */
    static byte[] ofCdDrive(DriveIdentity identity, int multiwordMode) {
        IdentifyData data = new IdentifyData();
        // A packet device for CDs with a removable medium; asks for packets of 12 bytes within 50 us.
        data.word(0, 0x85c0);
        data.text(10, DriveIdentity.SERIAL_MOST, identity.serial());
        data.text(23, DriveIdentity.FIRMWARE_MOST, identity.firmware());
        data.text(27, 40, "Proteus CD-ROM");
        data.modes(multiwordMode);
        // PACKET; DEVICE RESET.
        data.word(82, 0x0210);
        data.word(83, 0x4000);
        data.word(84, 0x4000);
        data.word(85, 0x0210);
        data.word(87, 0x4000);
        return data.words;
    }

    /** How data is moved: the same for all. */
    private void modes(int multiwordMode) {
        // IORDY, LBA, DMA.
        word(49, 0x0b00);
        word(50, 0x4000);
        word(51, 0x0200);
        // Words 54 to 58, 64 to 70 and 88 are valid.
        word(53, 0x0007);
        word(63, 0x0007 | (multiwordMode < 0 ? 0 : 0x0100 << multiwordMode));
        // PIO modes 3 and 4.
        word(64, 0x0003);
        for (int cycle = 65; cycle <= 68; cycle++) {
            word(cycle, CYCLE);
        }
        // ATA-1 to ATA/ATAPI-6.
        word(80, 0x007e);
    }

    private void fill(DriveIdentity identity, long sectors, Geometry current, int multiple, int multiwordMode, boolean writeCache, boolean lookAhead, boolean trims) {
        Geometry usual = Geometry.USUAL;
        long chs = Math.min(sectors, CHS_MOST);
        word(0, 0x0040);
        word(1, (int) Math.min(chs / usual.perCylinder(), CYLINDERS_MOST));
        word(3, usual.heads());
        word(6, usual.sectors());
        text(10, DriveIdentity.SERIAL_MOST, identity.serial());
        text(23, DriveIdentity.FIRMWARE_MOST, identity.firmware());
        text(27, 40, "Proteus ATA disk");
        word(47, 0x8000 | Disk.MULTIPLE_MOST);
        modes(multiwordMode);
        long cylinders = Math.min(chs / current.perCylinder(), 0xffff);
        word(54, (int) cylinders);
        word(55, current.heads());
        word(56, current.sectors());
        doubleWord(57, Math.min(cylinders * current.perCylinder(), CHS_MOST));
        word(59, multiple == 0 ? 0 : 0x0100 | multiple);
        doubleWord(60, Math.min(sectors, LBA_28_MOST));
        // Look-ahead, write cache; FLUSH CACHE EXT, FLUSH CACHE, 48-bit addresses.
        word(82, 0x0060);
        word(83, 0x7400);
        word(84, 0x4000);
        word(85, (writeCache ? 0x20 : 0) | (lookAhead ? 0x40 : 0));
        word(86, 0x3400);
        word(87, 0x4000);
        doubleWord(100, sectors);
        doubleWord(102, sectors >>> 32);
        if (trims) {
            // Drivers look for it from ATA/ATAPI-7 on; blocks of ranges that a command has; TRIM itself.
            word(80, 0x00fe);
            word(105, 8);
            word(169, 1);
        }
        word(255, 0x00a5);
        int sum = 0;
        for (byte one : words) {
            sum += one;
        }
        words[511] = (byte) -sum;
    }

    private void word(int at, int value) {
        words[2 * at] = (byte) value;
        words[2 * at + 1] = (byte) (value >> 8);
    }

    private void doubleWord(int at, long value) {
        word(at, (int) value & 0xffff);
        word(at + 1, (int) (value >>> 16) & 0xffff);
    }

    /** Text has its first character in the upper half of a word and is filled with blanks. */
    private void text(int at, int length, String text) {
        byte[] padded = Arrays.copyOf(text.getBytes(StandardCharsets.US_ASCII), length);
        Arrays.fill(padded, Math.min(text.length(), length), length, (byte) ' ');
        for (int i = 0; i < length; i++) {
            words[2 * at + (i ^ 1)] = padded[i];
        }
    }
}
