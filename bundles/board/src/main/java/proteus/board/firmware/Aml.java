package proteus.board.firmware;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Writes ACPI Machine Language (ACPI 6.5, 20.2): each method gives the bytes of one term. */
final class Aml {
    private static final int NAME_OP = 0x08;
    private static final int BYTE_PREFIX = 0x0a;
    private static final int WORD_PREFIX = 0x0b;
    private static final int DWORD_PREFIX = 0x0c;
    private static final int STRING_PREFIX = 0x0d;
    private static final int SCOPE_OP = 0x10;
    private static final int BUFFER_OP = 0x11;
    private static final int PACKAGE_OP = 0x12;
    private static final int METHOD_OP = 0x14;
    private static final int EXTENDED_PREFIX = 0x5b;
    private static final int DEVICE_OP = 0x82;
    private static final int STORE_OP = 0x70;
    private static final int IF_OP = 0xa0;
    private static final int RETURN_OP = 0xa4;
    private static final int ARGUMENT_0 = 0x68;

    private Aml() {}

    static byte[] join(byte[]... terms) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] term : terms) {
            out.writeBytes(term);
        }
        return out.toByteArray();
    }

    static byte[] integer(long value) {
        if (value == 0 || value == 1) {
            return new byte[] {(byte) value};
        }
        if (value <= 0xff) {
            return new byte[] {BYTE_PREFIX, (byte) value};
        }
        if (value <= 0xffff) {
            return new LittleEndian().u8(WORD_PREFIX).u16((int) value).toBytes();
        }
        return new LittleEndian().u8(DWORD_PREFIX).u32(value).toBytes();
    }

    static byte[] string(String text) {
        return new LittleEndian().u8(STRING_PREFIX).bytes(text.getBytes(StandardCharsets.US_ASCII)).u8(0).toBytes();
    }

    /** A compressed EISA ID such as {@code PNP0A03} (ACPI 6.5, 19.6.37): a big-endian double word. */
    static byte[] eisaId(String id) {
        int letters = (id.charAt(0) - '@') << 26 | (id.charAt(1) - '@') << 21 | (id.charAt(2) - '@') << 16;
        int value = letters | Integer.parseInt(id.substring(3), 16);
        return new LittleEndian().u8(DWORD_PREFIX).u32(Integer.reverseBytes(value) & 0xffff_ffffL).toBytes();
    }

    static byte[] name(String name, byte[] value) {
        return join(new byte[] {NAME_OP}, path(name), value);
    }

    static byte[] scope(String name, byte[]... terms) {
        return sized(new byte[] {SCOPE_OP}, path(name), join(terms));
    }

    static byte[] device(String name, byte[]... terms) {
        return sized(new byte[] {EXTENDED_PREFIX, (byte) DEVICE_OP}, path(name), join(terms));
    }

    static byte[] method(String name, int arguments, byte[]... terms) {
        return sized(new byte[] {METHOD_OP}, path(name), new byte[] {(byte) arguments}, join(terms));
    }

    /** Stores the method's first argument. */
    static byte[] storeArgument(String target) {
        return join(new byte[] {STORE_OP, ARGUMENT_0}, path(target));
    }

    static byte[] ifTrue(String name, byte[]... terms) {
        return sized(new byte[] {(byte) IF_OP}, path(name), join(terms));
    }

    static byte[] giveBack(byte[] value) {
        return join(new byte[] {(byte) RETURN_OP}, value);
    }

    static byte[] pack(byte[]... elements) {
        return sized(new byte[] {PACKAGE_OP}, new byte[] {(byte) elements.length}, join(elements));
    }

    /** A resource template: descriptors and the end tag, in a buffer. */
    static byte[] resources(byte[]... descriptors) {
        byte[] all = join(join(descriptors), new byte[] {0x79, 0});
        return sized(new byte[] {BUFFER_OP}, integer(all.length), all);
    }

    /** I/O port descriptor, 16-bit decode (ACPI 6.5, 6.4.2.5). */
    static byte[] ports(int base, int length) {
        return new LittleEndian().u8(0x47, 0x01).u16(base).u16(base).u8(1, length).toBytes();
    }

    /** IRQ descriptor, edge-triggered and active high (ACPI 6.5, 6.4.2.1). */
    static byte[] irq(int irq) {
        return new LittleEndian().u8(0x22).u16(1 << irq).toBytes();
    }

    /** Fixed range of memory, read and write (ACPI 6.5, 6.4.3.4). */
    static byte[] registers(long base, long length) {
        return new LittleEndian().u8(0x86).u16(9).u8(1).u32(base).u32(length).toBytes();
    }

    /** Extended interrupt descriptor: consumer, level-triggered, active high, shared (ACPI 6.5, 6.4.3.6). */
    static byte[] interrupt(int gsi) {
        return new LittleEndian().u8(0x89).u16(6).u8(0x09, 1).u32(gsi).toBytes();
    }

    /** Bus numbers a bridge produces (word address space, ACPI 6.5, 6.4.3.5.3). */
    static byte[] busNumbers(int first, int last) {
        return wordSpace(2, 0, first, last);
    }

    /** Port range a bridge produces. */
    static byte[] portWindow(int first, int last) {
        return wordSpace(1, 3, first, last);
    }

    private static byte[] wordSpace(int type, int specific, int first, int last) {
        // Fixed minimum and maximum, positive decode, producer.
        return new LittleEndian().u8(0x88).u16(0x0d).u8(type, 0x0c, specific).u16(0).u16(first).u16(last).u16(0).u16(last - first + 1).toBytes();
    }

    /** Memory range a bridge produces, not cacheable, read and write (double-word address space). */
    static byte[] memoryWindow(long first, long last) {
        return new LittleEndian().u8(0x87).u16(0x17).u8(0, 0x0c, 1).u32(0).u32(first).u32(last).u32(0).u32(last - first + 1).toBytes();
    }

    /** A path of four-character segments, with an optional root. */
    static byte[] path(String text) {
        boolean root = text.startsWith("\\");
        String rest = root ? text.substring(1) : text;
        StringBuilder segment = new StringBuilder(rest);
        while (segment.length() < 4) {
            segment.append('_');
        }
        byte[] raw = segment.toString().getBytes(StandardCharsets.US_ASCII);
        return root ? join(new byte[] {'\\'}, raw) : raw;
    }

    /** Op code, package length over itself and the rest (ACPI 6.5, 20.2.4), the rest. */
    private static byte[] sized(byte[] op, byte[]... parts) {
        byte[] body = join(parts);
        byte[] length;
        if (body.length + 1 < 1 << 6) {
            length = new byte[] {(byte) (body.length + 1)};
        } else if (body.length + 2 < 1 << 12) {
            int all = body.length + 2;
            length = new byte[] {(byte) (0x40 | all & 0xf), (byte) (all >> 4)};
        } else {
            int all = body.length + 3;
            length = new byte[] {(byte) (0x80 | all & 0xf), (byte) (all >> 4), (byte) (all >> 12)};
        }
        return join(op, length, body);
    }
}
