package proteus.loader;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import org.tukaani.xz.XZInputStream;

/** The ELF file of the kernel itself: as it is, or unpacked from the payload of a bzImage (boot.rst, "payload_offset"). */
final class KernelPayload {
    private static final int PAYLOAD_OFFSET = 0x248, PAYLOAD_LENGTH = 0x24c, SINCE = 0x208;
    /** The build appends the unpacked size, except for formats that end with it themselves. */
    private static final int SIZE_BYTES = 4;
    private static final long MOST = 1L << 30;

    private static final byte[] XZ = {(byte) 0xfd, '7', 'z', 'X', 'Z', 0}, GZIP = {0x1f, (byte) 0x8b};
    private static final byte[] ZSTD = {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd}, LZO = {(byte) 0x89, 'L', 'Z', 'O'}, BZIP2 = {'B', 'Z', 'h'};

    private KernelPayload() {}

    static Image elf(Image image) {
        if (ElfImage.hasMagic(image)) {
            return image;
        }
        if (!new LinuxProtocol().recognises(image)) {
            throw image.fail("is neither an ELF file nor a Linux bzImage, so it holds no kernel for a paravirtual domain: take a kernel built with CONFIG_XEN_PV,"
                    + " such as Debian's linux-image-amd64");
        }
        LinuxHeader header = LinuxHeader.parse(image);
        if (header.version() < SINCE) {
            throw image.fail("is a bzImage of boot protocol %s, which does not say where the kernel's ELF file lies: take a kernel of 2.08 or later, or its vmlinux",
                    header.versionText());
        }
        long start = header.setupBytes() + image.u32(PAYLOAD_OFFSET), length = image.u32(PAYLOAD_LENGTH);
        if (length < SIZE_BYTES || !image.has(start, length)) {
            throw image.fail("is a damaged bzImage: its payload (%d bytes at 0x%x) is not inside the %d bytes of the file; get it again", length, start, image.size());
        }
        Image unpacked = new Image(image.name(), unpack(image, (int) start, (int) length));
        if (!ElfImage.hasMagic(unpacked)) {
            throw image.fail("holds no ELF file, only a flat kernel, which cannot say how a paravirtual domain starts it");
        }
        return unpacked;
    }

    private static byte[] unpack(Image image, int start, int length) {
        byte[] bytes = image.bytes();
        long size = image.u32(start + length - SIZE_BYTES);
        if (size > MOST) {
            throw image.fail("is a damaged bzImage: it announces a kernel of %d bytes; get it again", size);
        }
        try {
            byte[] kernel;
            if (begins(image, start, Lz4Legacy.MAGIC)) {
                kernel = Lz4Legacy.unpack(bytes, start, length - SIZE_BYTES, (int) size);
            } else {
                try (InputStream packed = new ByteArrayInputStream(bytes, start, length); InputStream plain = reader(image, packed, start)) {
                    kernel = plain.readNBytes((int) size);
                }
            }
            if (kernel.length < size) {
                throw image.fail("is a damaged bzImage: its kernel unpacks to %d bytes instead of %d; get it again", kernel.length, size);
            }
            return kernel;
        } catch (IOException e) {
            throw image.fail("is a damaged bzImage: its kernel cannot be unpacked (%s); get it again", e.getMessage());
        }
    }

    private static InputStream reader(Image image, InputStream packed, int start) throws IOException {
        if (begins(image, start, XZ)) {
            return new XZInputStream(packed);
        }
        if (begins(image, start, GZIP)) {
            return new GZIPInputStream(packed);
        }
        String format = begins(image, start, ZSTD) ? "Zstandard" : begins(image, start, LZO) ? "LZO" : begins(image, start, BZIP2) ? "bzip2" : "an unknown method";
        throw image.fail("is compressed with %s, but only xz, gzip and LZ4 can be unpacked here, and a paravirtual domain is started with the unpacked kernel: give its vmlinux", format);
    }

    private static boolean begins(Image image, int at, byte[] magic) {
        return Arrays.equals(image.bytes(), at, at + magic.length, magic, 0, magic.length);
    }
}
