package proteus.io.emul.vga;

import java.util.Arrays;
import java.util.function.LongSupplier;
import proteus.api.io.BusDevice;

/**
 * The ports of a VGA: sequencer, graphics controller, CRT controller, attribute controller, palette. Attached at 0x3b0 for
 * 48 ports less the printer's; which of 0x3bx and 0x3dx answer is a bit of the miscellaneous output register.
 */
final class VgaRegisters {
    static final int SEQUENCER_MAP_MASK = 2;
    static final int SEQUENCER_MEMORY_MODE = 4;

    static final int GRAPHICS_SET_RESET = 0;
    static final int GRAPHICS_ENABLE_SET_RESET = 1;
    static final int GRAPHICS_COMPARE = 2;
    static final int GRAPHICS_ROTATE = 3;
    static final int GRAPHICS_READ_MAP = 4;
    static final int GRAPHICS_MODE = 5;
    static final int GRAPHICS_MISCELLANEOUS = 6;
    static final int GRAPHICS_DO_NOT_CARE = 7;
    static final int GRAPHICS_BIT_MASK = 8;

    static final int CRTC_DISPLAY_END = 0x01;
    static final int CRTC_OVERFLOW = 0x07;
    static final int CRTC_MAXIMUM_SCAN_LINE = 0x09;
    static final int CRTC_CURSOR_START = 0x0a;
    static final int CRTC_START_HIGH = 0x0c;
    static final int CRTC_CURSOR_HIGH = 0x0e;
    static final int CRTC_VERTICAL_RETRACE_END = 0x11;
    static final int CRTC_VERTICAL_DISPLAY_END = 0x12;
    static final int CRTC_OFFSET = 0x13;
    static final int CRTC_MODE = 0x17;

    static final int MODE_READ_COMPARE = 0x08;
    private static final int MODE_ODD_EVEN = 0x10;
    private static final int MISCELLANEOUS_COLOUR = 0x01;
    private static final int MISCELLANEOUS_MEMORY = 0x02;
    private static final int MEMORY_NO_ODD_EVEN = 0x04;
    private static final int MEMORY_CHAIN_FOUR = 0x08;
    private static final int CRTC_PROTECT = 0x80;
    private static final int OVERFLOW_LINE_COMPARE = 0x10;
    private static final int STATUS_DISPLAY_OFF = 0x01;
    private static final int STATUS_VERTICAL_RETRACE = 0x08;
    private static final int STATUS_SWITCH_SENSE = 0x10;

    /** 70 Hz with 449 lines of 400 shown: what modes of 400 lines have. Retrace is lines 412 and 413. */
    private static final long LINE_NANOS = 31_778;

    private static final int LINES = 449;
    private static final int LINES_SHOWN = 400;
    private static final int RETRACE_LINE = 412;
    private static final int RETRACE_LINES = 2;
    /** Of 100 dots of time the share in which a line is shown: 640 of 800. */
    private static final long LINE_SHOWN_NANOS = LINE_NANOS * 8 / 10;

    /** Registers of mode 3 (80 by 25 characters of 9 by 16 dots) as a BIOS sets them (VGA Technical Reference, appendix). */
    private static final int[] TEXT_SEQUENCER = {0x03, 0x00, 0x03, 0x00, 0x02};

    private static final int[] TEXT_GRAPHICS = {0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0e, 0x0f, 0xff};
    private static final int[] TEXT_CRTC = {0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0x00, 0x00, 0x00, 0x00,
        0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff};
    private static final int[] TEXT_ATTRIBUTE = {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f,
        0x0c, 0x00, 0x0f, 0x08, 0x00};
    private static final int TEXT_MISCELLANEOUS = 0x67;
    private static final int PALETTE_ENABLED = 0x20;

    private final LongSupplier nanos;
    private final byte[] sequencer = new byte[8];
    private final byte[] graphics = new byte[16];
    private final byte[] crtc = new byte[0x20];
    private final byte[] attribute = new byte[0x20];
    private final byte[] palette = new byte[768];
    private int sequencerIndex;
    private int graphicsIndex;
    private int crtcIndex;
    private int attributeIndex;
    private boolean attributeData;
    private int miscellaneous;
    private int feature;
    private int paletteMask;
    private int paletteRead;
    private int paletteWrite;
    private boolean paletteReading;

    VgaRegisters(LongSupplier nanos) {
        this.nanos = nanos;
        textMode();
    }

    /** The registers of a range of ports; a wide access is bytes to consecutive ports, as on the ISA bus. */
    BusDevice ports(int first) {
        return new BusDevice() {
            @Override
            public long read(long offset, int size) {
                long value = 0;
                for (int i = 0; i < size; i++) {
                    value |= (long) (readPort(first + (int) offset + i) & 0xff) << 8 * i;
                }
                return value;
            }

            @Override
            public void write(long offset, int size, long value) {
                for (int i = 0; i < size; i++) {
                    writePort(first + (int) offset + i, (int) (value >>> 8 * i) & 0xff);
                }
            }
        };
    }

    private boolean answers(int port) {
        boolean colour = (miscellaneous & MISCELLANEOUS_COLOUR) != 0;
        return port >= 0x3c0 && port < 0x3d0 || port >= 0x3d0 == colour;
    }

    private int readPort(int port) {
        if (!answers(port)) {
            return 0xff;
        }
        return switch (port) {
            case 0x3c0 -> attributeIndex;
            case 0x3c1 -> attribute[attributeIndex & 0x1f];
            case 0x3c2 -> STATUS_SWITCH_SENSE;
            case 0x3c4 -> sequencerIndex;
            case 0x3c5 -> sequencer[sequencerIndex];
            case 0x3c6 -> paletteMask;
            case 0x3c7 -> paletteReading ? 3 : 0;
            case 0x3c8 -> paletteWrite / 3;
            case 0x3c9 -> {
                int value = palette[paletteRead];
                paletteRead = (paletteRead + 1) % palette.length;
                yield value;
            }
            case 0x3ca -> feature;
            case 0x3cc -> miscellaneous;
            case 0x3ce -> graphicsIndex;
            case 0x3cf -> graphics[graphicsIndex];
            case 0x3b4, 0x3d4 -> crtcIndex;
            case 0x3b5, 0x3d5 -> crtc[crtcIndex];
            case 0x3ba, 0x3da -> {
                attributeData = false;
                yield status();
            }
            default -> 0xff;
        };
    }

    private int status() {
        long now = nanos.getAsLong();
        int line = (int) (now / LINE_NANOS % LINES);
        boolean shown = line < LINES_SHOWN && now % LINE_NANOS < LINE_SHOWN_NANOS;
        boolean retrace = line >= RETRACE_LINE && line < RETRACE_LINE + RETRACE_LINES;
        return (shown ? 0 : STATUS_DISPLAY_OFF) | (retrace ? STATUS_VERTICAL_RETRACE : 0);
    }

    private void writePort(int port, int value) {
        if (!answers(port)) {
            return;
        }
        switch (port) {
            case 0x3c0 -> {
                if (!attributeData) {
                    attributeIndex = value & 0x3f;
                } else if ((attributeIndex & 0x1f) < TEXT_ATTRIBUTE.length) {
                    attribute[attributeIndex & 0x1f] = (byte) (value & 0x3f | ((attributeIndex & 0x1f) == 0x10 ? value & 0xc0 : 0));
                }
                attributeData = !attributeData;
            }
            case 0x3c2 -> miscellaneous = value;
            case 0x3c4 -> sequencerIndex = value & 7;
            case 0x3c5 -> sequencer[sequencerIndex] = (byte) value;
            case 0x3c6 -> paletteMask = value;
            case 0x3c7 -> {
                paletteRead = 3 * value;
                paletteReading = true;
            }
            case 0x3c8 -> {
                paletteWrite = 3 * value;
                paletteReading = false;
            }
            case 0x3c9 -> {
                palette[paletteWrite] = (byte) (value & 0x3f);
                paletteWrite = (paletteWrite + 1) % palette.length;
            }
            case 0x3ce -> graphicsIndex = value & 0xf;
            case 0x3cf -> graphics[graphicsIndex] = (byte) value;
            case 0x3b4, 0x3d4 -> crtcIndex = value & 0x1f;
            case 0x3b5, 0x3d5 -> writeCrtc(value);
            case 0x3ba, 0x3da -> feature = value;
            default -> {
                // Read-only or nothing there.
            }
        }
    }

    /** Bit 7 of the vertical retrace end register protects registers 0 to 7, but for the line compare bit. */
    private void writeCrtc(int value) {
        boolean isProtected = crtcIndex <= CRTC_OVERFLOW && (crtc[CRTC_VERTICAL_RETRACE_END] & CRTC_PROTECT) != 0;
        if (!isProtected) {
            crtc[crtcIndex] = (byte) value;
        } else if (crtcIndex == CRTC_OVERFLOW) {
            crtc[crtcIndex] = (byte) (crtc[crtcIndex] & ~OVERFLOW_LINE_COMPARE | value & OVERFLOW_LINE_COMPARE);
        }
    }

    int sequencer(int index) {
        return sequencer[index] & 0xff;
    }

    int graphics(int index) {
        return graphics[index] & 0xff;
    }

    int crtc(int index) {
        return crtc[index] & 0xff;
    }

    boolean memoryEnabled() {
        return (miscellaneous & MISCELLANEOUS_MEMORY) != 0;
    }

    boolean chainFour() {
        return (sequencer[SEQUENCER_MEMORY_MODE] & MEMORY_CHAIN_FOUR) != 0;
    }

    boolean oddEvenWrite() {
        return (sequencer[SEQUENCER_MEMORY_MODE] & MEMORY_NO_ODD_EVEN) == 0;
    }

    boolean oddEvenRead() {
        return (graphics[GRAPHICS_MODE] & MODE_ODD_EVEN) != 0;
    }

    /** Mode 3, as a video BIOS leaves it. */
    void textMode() {
        fill(sequencer, TEXT_SEQUENCER);
        fill(graphics, TEXT_GRAPHICS);
        fill(crtc, TEXT_CRTC);
        fill(attribute, TEXT_ATTRIBUTE);
        Arrays.fill(palette, (byte) 0);
        sequencerIndex = 0;
        graphicsIndex = 0;
        crtcIndex = 0;
        attributeIndex = PALETTE_ENABLED;
        attributeData = false;
        miscellaneous = TEXT_MISCELLANEOUS;
        feature = 0;
        paletteMask = 0xff;
        paletteRead = 0;
        paletteWrite = 0;
        paletteReading = false;
    }

    private static void fill(byte[] target, int[] values) {
        Arrays.fill(target, (byte) 0);
        for (int i = 0; i < values.length; i++) {
            target[i] = (byte) values[i];
        }
    }

    /** The register files, for saving. */
    byte[][] files() {
        return new byte[][] {sequencer, graphics, crtc, attribute, palette};
    }

    /** Indices and flip-flops, for saving. */
    int[] scalars() {
        return new int[] {sequencerIndex, graphicsIndex, crtcIndex, attributeIndex, attributeData ? 1 : 0, miscellaneous, feature, paletteMask,
            paletteRead, paletteWrite, paletteReading ? 1 : 0};
    }

    /** Takes indices and flip-flops over; values out of range are cut. */
    void scalars(int[] values) {
        sequencerIndex = values[0] & 7;
        graphicsIndex = values[1] & 0xf;
        crtcIndex = values[2] & 0x1f;
        attributeIndex = values[3] & 0x3f;
        attributeData = values[4] != 0;
        miscellaneous = values[5] & 0xff;
        feature = values[6] & 0xff;
        paletteMask = values[7] & 0xff;
        paletteRead = Math.floorMod(values[8], palette.length);
        paletteWrite = Math.floorMod(values[9], palette.length);
        paletteReading = values[10] != 0;
    }
}
