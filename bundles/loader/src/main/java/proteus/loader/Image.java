package proteus.loader;

import java.nio.charset.StandardCharsets;
import proteus.api.vm.GuestLoadException;

/** The bytes of a guest image, little-endian; a read beyond the end is the image's fault and says so. */
final class Image {
    private final String name;
    private final byte[] bytes;

    Image(String name, byte[] bytes) {
        this.name = name;
        this.bytes = bytes;
    }

    String name() {
        return name;
    }

    long size() {
        return bytes.length;
    }

    byte[] bytes() {
        return bytes;
    }

    /** Whether a range lies in the file; any two numbers may be asked. */
    boolean has(long offset, long length) {
        return offset >= 0 && length >= 0 && offset <= bytes.length && length <= bytes.length - offset;
    }

    int u8(long offset) {
        require(offset, 1);
        return bytes[(int) offset] & 0xff;
    }

    int u16(long offset) {
        require(offset, 2);
        return u8(offset) | u8(offset + 1) << 8;
    }

    long u32(long offset) {
        require(offset, 4);
        return u16(offset) | (long) u16(offset + 2) << 16;
    }

    long u64(long offset) {
        require(offset, 8);
        return u32(offset) | u32(offset + 4) << 32;
    }

    /** Text up to a zero byte, at most so many printable characters. */
    String text(long offset, int most) {
        int end = 0;
        while (end < most && has(offset + end, 1) && u8(offset + end) >= ' ' && u8(offset + end) < 0x7f) {
            end++;
        }
        return end == 0 ? "" : new String(bytes, (int) offset, end, StandardCharsets.US_ASCII);
    }

    private void require(long offset, int length) {
        if (!has(offset, length)) {
            throw fail("ends at byte %d although its headers speak of byte %d; it is truncated or damaged, get it again", bytes.length, offset);
        }
    }

    /** The exception that says this of the image; the format continues the sentence after its name. */
    GuestLoadException fail(String format, Object... arguments) {
        return new GuestLoadException("The image '" + name + "' " + format.formatted(arguments) + ".");
    }
}
