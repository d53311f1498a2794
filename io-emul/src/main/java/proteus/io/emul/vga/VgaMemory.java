package proteus.io.emul.vga;

import proteus.api.io.BusDevice;

/**
 * 256 KiB of display memory behind the graphics controller: 64 Ki words of four planes, plane 0 in the lowest byte. Attached
 * at 0xa0000 for 128 KiB; the miscellaneous register of the graphics controller says which part of it answers.
 */
final class VgaMemory implements BusDevice {
    static final long START = 0xa_0000;
    static final long LENGTH = 0x2_0000;
    static final int WORDS = 0x1_0000;

    private static final int ALL_PLANES = 0xf;
    private static final int EVEN_PLANES = 0x5;
    private static final int ODD_PLANES = 0xa;
    private static final int EVERY_BYTE = 0x0101_0101;
    /** By the memory map field: first offset and length of the window. */
    private static final int[] WINDOW_START = {0, 0, 0x1_0000, 0x1_8000};

    private static final int[] WINDOW_LENGTH = {0x2_0000, 0x1_0000, 0x8000, 0x8000};

    private final VgaRegisters registers;
    private final int[] words = new int[WORDS];
    private int latch;

    VgaMemory(VgaRegisters registers) {
        this.registers = registers;
    }

    @Override
    public long read(long offset, int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (long) readByte((int) offset + i) << 8 * i;
        }
        return value;
    }

    @Override
    public void write(long offset, int size, long value) {
        for (int i = 0; i < size; i++) {
            writeByte((int) offset + i, (int) (value >>> 8 * i) & 0xff);
        }
    }

    /** Offset in the window, or -1 where nothing answers. */
    private int decode(int offset) {
        int map = registers.graphics(VgaRegisters.GRAPHICS_MISCELLANEOUS) >> 2 & 3;
        int at = offset - WINDOW_START[map];
        return registers.memoryEnabled() && at >= 0 && at < WINDOW_LENGTH[map] ? at & WORDS - 1 : -1;
    }

    private int readByte(int offset) {
        int at = decode(offset);
        if (at < 0) {
            return 0xff;
        }
        int plane = registers.graphics(VgaRegisters.GRAPHICS_READ_MAP) & 3;
        if (registers.chainFour()) {
            plane = at & 3;
            at &= ~3;
        } else if (registers.oddEvenRead()) {
            plane = plane & 2 | at & 1;
            at &= ~1;
        }
        latch = words[at];
        if ((registers.graphics(VgaRegisters.GRAPHICS_MODE) & VgaRegisters.MODE_READ_COMPARE) == 0) {
            return latch >>> 8 * plane & 0xff;
        }
        // Read mode 1: bits where all planes that are cared for have the compared colour.
        int care = spread(registers.graphics(VgaRegisters.GRAPHICS_DO_NOT_CARE));
        int differs = (latch ^ spread(registers.graphics(VgaRegisters.GRAPHICS_COMPARE))) & care;
        return ~(differs | differs >>> 8 | differs >>> 16 | differs >>> 24) & 0xff;
    }

    private void writeByte(int offset, int value) {
        int at = decode(offset);
        if (at < 0) {
            return;
        }
        int planes = registers.sequencer(VgaRegisters.SEQUENCER_MAP_MASK) & ALL_PLANES;
        if (registers.chainFour()) {
            planes &= 1 << (at & 3);
            at &= ~3;
        } else if (registers.oddEvenWrite()) {
            planes &= (at & 1) == 0 ? EVEN_PLANES : ODD_PLANES;
            at &= ~1;
        }
        int mask = spread(planes);
        words[at] = words[at] & ~mask | combined(value) & mask;
    }

    /** What the write modes make of a byte (VGA Technical Reference, graphics mode register). */
    private int combined(int value) {
        int bits = registers.graphics(VgaRegisters.GRAPHICS_BIT_MASK);
        int setReset = spread(registers.graphics(VgaRegisters.GRAPHICS_SET_RESET));
        switch (registers.graphics(VgaRegisters.GRAPHICS_MODE) & 3) {
            case 0 -> {
                int enable = spread(registers.graphics(VgaRegisters.GRAPHICS_ENABLE_SET_RESET));
                return masked(function(rotated(value) * EVERY_BYTE & ~enable | setReset & enable), bits);
            }
            case 1 -> {
                return latch;
            }
            case 2 -> {
                return masked(function(spread(value)), bits);
            }
            default -> {
                return masked(setReset, bits & rotated(value));
            }
        }
    }

    private int rotated(int value) {
        int count = registers.graphics(VgaRegisters.GRAPHICS_ROTATE) & 7;
        return (value >> count | value << 8 - count) & 0xff;
    }

    private int function(int value) {
        return switch (registers.graphics(VgaRegisters.GRAPHICS_ROTATE) >> 3 & 3) {
            case 1 -> value & latch;
            case 2 -> value | latch;
            case 3 -> value ^ latch;
            default -> value;
        };
    }

    private int masked(int value, int bits) {
        int mask = bits * EVERY_BYTE;
        return value & mask | latch & ~mask;
    }

    /** Four plane bits as four bytes of zeros or ones. */
    private static int spread(int planes) {
        int bits = planes & 1 | (planes & 2) << 7 | (planes & 4) << 14 | (planes & 8) << 21;
        return bits * 0xff;
    }

    /** A byte of a plane as the display controller fetches it. */
    int plane(int plane, int address) {
        return words[address & WORDS - 1] >>> 8 * plane & 0xff;
    }

    int[] words() {
        return words;
    }

    int latch() {
        return latch;
    }

    void latch(int value) {
        latch = value;
    }

    void clear() {
        java.util.Arrays.fill(words, 0);
        latch = 0;
    }
}
