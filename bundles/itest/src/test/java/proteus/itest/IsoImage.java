package proteus.itest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A CD with one file in its root directory (ECMA-119) and, if wished, a boot image that a BIOS loads without emulating another medium
 * (El Torito 1.0). The layout is fixed; every number of the standard stands in both byte orders.
 */
final class IsoImage {
    static final int BLOCK = 2048;

    /** The block where what the BIOS loads begins; the file is behind it. */
    static final int BOOT = 23;

    private static final int PRIMARY = 16, BOOT_RECORD = 17, TERMINATOR = 18, CATALOGUE = 19, PATHS_LITTLE = 20, PATHS_BIG = 21, ROOT = 22;
    private static final int SECTORS_PER_BLOCK = 4;
    private static final int X86 = 0;

    private final ByteBuffer image;

    private IsoImage(int blocks) {
        image = ByteBuffer.allocate(blocks * BLOCK).order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Makes a disc.
     *
     * @param name of the file: capitals, a dot
     * @param boot what the BIOS loads at 0x7c00, a whole number of blocks; empty for none
     */
    static byte[] of(String name, byte[] content, byte[] boot) {
        int bootBlocks = boot.length / BLOCK;
        int file = BOOT + bootBlocks;
        IsoImage iso = new IsoImage(file + Math.ceilDiv(content.length, BLOCK) + 1);
        iso.descriptors();
        iso.catalogue(bootBlocks);
        iso.paths(PATHS_LITTLE, ByteOrder.LITTLE_ENDIAN);
        iso.paths(PATHS_BIG, ByteOrder.BIG_ENDIAN);
        iso.image.position(ROOT * BLOCK);
        iso.record(ROOT, BLOCK, true, new byte[] {0});
        iso.record(ROOT, BLOCK, true, new byte[] {1});
        iso.record(file, content.length, false, (name + ";1").getBytes(StandardCharsets.US_ASCII));
        iso.image.put(BOOT * BLOCK, boot);
        iso.image.put(file * BLOCK, content);
        return iso.image.array();
    }

    private void descriptors() {
        begin(PRIMARY, 1);
        text(PRIMARY * BLOCK + 8, 32, "PROTEUS");
        text(PRIMARY * BLOCK + 40, 32, "PROTEUS");
        both(PRIMARY * BLOCK + 80, image.capacity() / BLOCK);
        both16(PRIMARY * BLOCK + 120, 1);
        both16(PRIMARY * BLOCK + 124, 1);
        both16(PRIMARY * BLOCK + 128, BLOCK);
        both(PRIMARY * BLOCK + 132, 10);
        image.putInt(PRIMARY * BLOCK + 140, PATHS_LITTLE);
        image.putInt(PRIMARY * BLOCK + 148, Integer.reverseBytes(PATHS_BIG));
        image.position(PRIMARY * BLOCK + 156);
        record(ROOT, BLOCK, true, new byte[] {0});
        image.put(PRIMARY * BLOCK + 881, (byte) 1);
        begin(BOOT_RECORD, 0);
        image.put(BOOT_RECORD * BLOCK + 7, "EL TORITO SPECIFICATION".getBytes(StandardCharsets.US_ASCII));
        image.putInt(BOOT_RECORD * BLOCK + 71, CATALOGUE);
        begin(TERMINATOR, 255);
    }

    private void begin(int block, int type) {
        image.put(block * BLOCK, (byte) type).put(block * BLOCK + 1, "CD001".getBytes(StandardCharsets.US_ASCII)).put(block * BLOCK + 6, (byte) 1);
    }

    /** Validation entry, whose words add up to 0, and the default entry. */
    private void catalogue(int bootBlocks) {
        int at = CATALOGUE * BLOCK;
        image.put(at, (byte) 1).put(at + 1, (byte) X86).put(at + 30, (byte) 0x55).put(at + 31, (byte) 0xaa);
        int sum = 0;
        for (int i = 0; i < 32; i += 2) {
            sum += image.getShort(at + i);
        }
        image.putShort(at + 28, (short) -sum);
        image.put(at + 32, (byte) (bootBlocks > 0 ? 0x88 : 0)).putShort(at + 38, (short) (bootBlocks * SECTORS_PER_BLOCK)).putInt(at + 40, BOOT);
    }

    private void paths(int block, ByteOrder order) {
        ByteBuffer table = image.slice(block * BLOCK, 10).order(order);
        table.put((byte) 1).put((byte) 0).putInt(ROOT).putShort((short) 1);
    }

    /** A directory record (ECMA-119, 9.1). */
    private void record(int block, int length, boolean directory, byte[] name) {
        int at = image.position();
        int size = 33 + name.length + (name.length + 1) % 2;
        image.put(at, (byte) size);
        both(at + 2, block);
        both(at + 10, length);
        image.put(at + 18, new byte[] {126, 11, 23, 0, 0, 0, 0});
        image.put(at + 25, (byte) (directory ? 2 : 0));
        both16(at + 28, 1);
        image.put(at + 32, (byte) name.length).put(at + 33, name);
        image.position(at + size);
    }

    private void both(int at, int value) {
        image.putInt(at, value).putInt(at + 4, Integer.reverseBytes(value));
    }

    private void both16(int at, int value) {
        image.putShort(at, (short) value).putShort(at + 2, Short.reverseBytes((short) value));
    }

    private void text(int at, int length, String text) {
        byte[] padded = new byte[length];
        Arrays.fill(padded, (byte) ' ');
        System.arraycopy(text.getBytes(StandardCharsets.US_ASCII), 0, padded, 0, text.length());
        image.put(at, padded);
    }
}
