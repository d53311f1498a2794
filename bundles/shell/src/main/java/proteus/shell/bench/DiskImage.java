package proteus.shell.bench;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import proteus.api.vm.VmException;

/** A disk that starts a guest of the kit: the boot sector of {@code diskboot/boot.S}, which says what stands where, and the image. */
final class DiskImage {
    static final int CYLINDERS = 10, HEADS = 16, SECTORS = 63;
    private static final int SECTOR = 512;
    private static final int PARAMETERS = 0x180;
    /** What the boot sector loads must end below 512 KiB, from 64 KiB on. */
    private static final int MOST = 448 << 10;
    /** ELF32: of the header, and of a program header. */
    private static final int E_ENTRY = 24, E_PHOFF = 28, E_PHNUM = 44, PH_BYTES = 32, PT_LOAD = 1;

    private DiskImage() {}

    /**
     * @param elf an ELF32 image with one loadable segment
     * @param options its command line
     */
    static byte[] of(byte[] elf, String options) {
        ByteBuffer image = ByteBuffer.wrap(elf).order(ByteOrder.LITTLE_ENDIAN);
        int header = image.getInt(E_PHOFF);
        for (int left = image.getShort(E_PHNUM); left > 0; left--, header += PH_BYTES) {
            if (image.getInt(header) == PT_LOAD) {
                int offset = image.getInt(header + 4);
                int bytes = image.getInt(header + 16);
                int zeros = image.getInt(header + 20) - bytes;
                return disk(elf, offset, bytes, image.getInt(header + 12), zeros, image.getInt(E_ENTRY), options);
            }
        }
        throw new VmException("the image has no segment to load");
    }

    private static byte[] disk(byte[] elf, int offset, int bytes, int base, int zeros, int entry, String options) {
        byte[] words = options.getBytes(StandardCharsets.US_ASCII);
        if (bytes > MOST || words.length >= SECTOR) {
            throw new VmException("the image or its command line is too long for the boot sector");
        }
        ByteBuffer disk = ByteBuffer.allocate(CYLINDERS * HEADS * SECTORS * SECTOR).order(ByteOrder.LITTLE_ENDIAN);
        disk.put(0, WorkDirectory.resource("diskboot.img"));
        disk.putInt(PARAMETERS, base);
        disk.putInt(PARAMETERS + 4, bytes);
        disk.putInt(PARAMETERS + 8, zeros);
        disk.putInt(PARAMETERS + 12, entry);
        disk.putShort(PARAMETERS + 16, (short) (1 + (bytes + SECTOR - 1) / SECTOR));
        disk.put(SECTOR, words);
        disk.put(2 * SECTOR, elf, offset, bytes);
        return disk.array();
    }
}
