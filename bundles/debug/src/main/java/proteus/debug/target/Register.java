package proteus.debug.target;

import java.util.function.ObjLongConsumer;
import java.util.function.ToLongFunction;

/**
 * A register as GDB knows it.
 *
 * @param bits its size
 * @param type of the target description
 * @param group of the target description, or empty
 * @param access how it is read and written
 */
record Register(String name, int bits, String type, String group, Access access) {
    /** Where a value is. */
    sealed interface Access {}

    /** A number of up to 64 bits. */
    record Number(ToLongFunction<GuestRegisters> get, ObjLongConsumer<GuestRegisters> set) implements Access {}

    /** Bytes of the XSAVE image. */
    record Image(int offset) implements Access {}

    int bytes() {
        return bits / 8;
    }

    void read(GuestRegisters from, byte[] target, int at) {
        switch (access) {
            case Number number -> {
                long value = number.get().applyAsLong(from);
                for (int i = 0; i < bytes(); i++) {
                    target[at + i] = (byte) (value >>> 8 * i);
                }
            }
            case Image image -> from.xsave.get(image.offset(), target, at, bytes());
        }
    }

    void write(GuestRegisters to, byte[] source, int at) {
        switch (access) {
            case Number number -> {
                long value = 0;
                for (int i = 0; i < bytes(); i++) {
                    value |= (source[at + i] & 0xffL) << 8 * i;
                }
                // a value that is only a part of the register, as GDB on i386 has it, is no change of the rest
                long mask = bits == 64 ? -1 : (1L << bits) - 1;
                if ((number.get().applyAsLong(to) & mask) != value) {
                    number.set().accept(to, value);
                }
            }
            case Image image -> to.xsave.put(image.offset(), source, at, bytes());
        }
    }
}
