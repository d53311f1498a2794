package proteus.silicon.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Host-virtual memory by plain number. One segment over the whole address space lets the JIT fold every check but a sign
 * test. Callers guarantee the address: processor state they own, or a page whose translation the TLB vouches for.
 */
public final class Raw {
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** User addresses of all hosts have 47 bits or fewer. The mask tells the JIT that the bounds check cannot fail. */
    private static final long USER = (1L << 47) - 1;

    private Raw() {}

    public static byte getByte(long hva) {
        return ALL.get(ValueLayout.JAVA_BYTE, hva & USER);
    }

    public static short getShort(long hva) {
        return ALL.get(SHORT, hva & USER);
    }

    public static int getInt(long hva) {
        return ALL.get(INT, hva & USER);
    }

    public static long getLong(long hva) {
        return ALL.get(LONG, hva & USER);
    }

    public static void putByte(long hva, byte value) {
        ALL.set(ValueLayout.JAVA_BYTE, hva & USER, value);
    }

    public static void putShort(long hva, short value) {
        ALL.set(SHORT, hva & USER, value);
    }

    public static void putInt(long hva, int value) {
        ALL.set(INT, hva & USER, value);
    }

    public static void putLong(long hva, long value) {
        ALL.set(LONG, hva & USER, value);
    }

    public static void copyOut(long hva, byte[] target, int offset, int length) {
        MemorySegment.copy(ALL, ValueLayout.JAVA_BYTE, hva, target, offset, length);
    }

    public static void copyIn(long hva, byte[] source, int offset, int length) {
        MemorySegment.copy(source, offset, ALL, ValueLayout.JAVA_BYTE, hva, length);
    }

    /** Memmove within host memory. */
    public static void copy(long from, long to, long bytes) {
        MemorySegment.copy(ALL, from, ALL, to, bytes);
    }

    public static void fill(long hva, long bytes, byte value) {
        ALL.asSlice(hva, bytes).fill(value);
    }
}
