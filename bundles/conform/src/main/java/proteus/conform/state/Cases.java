package proteus.conform.state;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Cases in memory, as the harness's code reads and fills them in: for each the state before, then the state after, in the same layout.
 * Before: x87, SSE and AVX registers as an XSAVE image, the general registers, RFLAGS, where the instruction is, and the contents of up to two
 * pieces of the data pages. After: the same, and how it ended.
 */
public final class Cases implements AutoCloseable {
    /** Bytes of one side of a case, and of a case. */
    public static final int SIDE = 2048, CASE = 2 * SIDE;
    /** Offsets within a side. */
    public static final int VECTORS = 0, GPRS = 832, RFLAGS = 960, RIP = 968, PIECE_0 = 976, LENGTH_0 = 984, PIECE_1 = 992, LENGTH_1 = 1000,
        /** Vector of the fault plus 1, or 0. */
        FAULT = 1008, ERROR = 1016, ADDRESS = 1024,
        /** ES, CS, SS, DS, FS, GS, 16 bits each, in this order as the encodings have it. */
        SELECTORS = 1032,
        /** 1 if the selectors are part of the case, 0 if the segment registers stay as they are. */
        SEGMENTED = 1044, MEMORY = 1088, MEMORY_BYTES = SIDE - MEMORY;
    /** Within the XSAVE image: size of what FXSAVE stores, header, upper halves of YMM. */
    public static final int LEGACY_BYTES = 416, HEADER = 512, UPPER = 576, VECTOR_BYTES = 832;
    /** Offsets in the legacy region (SDM vol. 1, table 10-2). */
    public static final int FCW = 0, FSW = 2, FTW = 4, FOP = 6, FIP = 8, FDP = 16, MXCSR = 24, ST = 32, XMM = 160;

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment all;
    public final int capacity;

    public Cases(int capacity) {
        this.capacity = capacity;
        all = arena.allocate((long) capacity * CASE, 64);
    }

    public MemorySegment segment() {
        return all;
    }

    /** Where the state before a case starts. */
    public static long before(int i) {
        return (long) i * CASE;
    }

    /** Where the state after it starts. */
    public static long after(int i) {
        return (long) i * CASE + SIDE;
    }

    public long get(long at) {
        return all.get(LONG, at);
    }

    public void set(long at, long value) {
        all.set(LONG, at, value);
    }

    public int getShort(long at) {
        return all.get(ValueLayout.JAVA_SHORT_UNALIGNED, at) & 0xffff;
    }

    public void setShort(long at, int value) {
        all.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, (short) value);
    }

    public void setInt(long at, int value) {
        all.set(ValueLayout.JAVA_INT_UNALIGNED, at, value);
    }

    public int getInt(long at) {
        return all.get(ValueLayout.JAVA_INT_UNALIGNED, at);
    }

    public int getByte(long at) {
        return all.get(ValueLayout.JAVA_BYTE, at) & 0xff;
    }

    public void setByte(long at, int value) {
        all.set(ValueLayout.JAVA_BYTE, at, (byte) value);
    }

    public void read(long at, byte[] to, int length) {
        MemorySegment.copy(all, ValueLayout.JAVA_BYTE, at, to, 0, length);
    }

    public void write(long at, byte[] from, int length) {
        MemorySegment.copy(from, 0, all, ValueLayout.JAVA_BYTE, at, length);
    }

    /**
     * Where the bytes at an address stand in the pieces of a case.
     *
     * @param at where the state before it starts
     * @return an offset, or -1 if no piece has them all
     */
    public long find(long at, long address, int bytes) {
        long contents = at + MEMORY;
        long first = get(at + PIECE_0);
        long firstLength = get(at + LENGTH_0);
        long second = get(at + PIECE_1);
        long secondLength = get(at + LENGTH_1);
        // the second piece is written last, so it counts where both overlap
        if (secondLength > 0 && address >= second && address + bytes <= second + secondLength) {
            return contents + firstLength + (address - second);
        }
        if (firstLength > 0 && address >= first && address + bytes <= first + firstLength) {
            boolean overlap = secondLength > 0 && address < second + secondLength && second < address + bytes;
            return overlap ? -1 : contents + (address - first);
        }
        return -1;
    }

    public void clear(int i) {
        all.asSlice(before(i), CASE).fill((byte) 0);
    }

    /** Copies the state before a case of another store to one here. */
    public void copyBefore(Cases from, int i, int to) {
        MemorySegment.copy(from.all, before(i), all, before(to), SIDE);
    }

    @Override
    public void close() {
        arena.close();
    }
}
