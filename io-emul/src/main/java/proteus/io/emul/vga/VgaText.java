package proteus.io.emul.vga;

import java.util.ArrayList;
import java.util.List;
import proteus.api.io.TextScreen.Snapshot;

/** Reads the text that is on the screen out of display memory, as the CRT controller addresses it. */
final class VgaText {
    private static final int GRAPHICS = 0x01;
    private static final int SCAN_LINE = 0x1f;
    private static final int DOUBLE_SCAN = 0x80;
    private static final int CURSOR_OFF = 0x20;
    private static final int BYTE_MODE = 0x40;
    private static final int MOST_COLUMNS = 256;
    private static final int MOST_ROWS = 128;
    private static final int BLANK = ' ';
    private static final int GREY_ON_BLACK = 0x07;

    /** Code page 437 in Unicode: 0x00 to 0x1f, 0x7f, and 0x80 to 0xff. */
    private static final String LOW = " \u263a\u263b\u2665\u2666\u2663\u2660\u2022\u25d8\u25cb\u25d9\u2642\u2640\u266a\u266b\u263c"
            + "\u25ba\u25c4\u2195\u203c\u00b6\u00a7\u25ac\u21a8\u2191\u2193\u2192\u2190\u221f\u2194\u25b2\u25bc";

    private static final char HOUSE = '\u2302';
    private static final String HIGH = "\u00c7\u00fc\u00e9\u00e2\u00e4\u00e0\u00e5\u00e7\u00ea\u00eb\u00e8\u00ef\u00ee\u00ec\u00c4\u00c5"
            + "\u00c9\u00e6\u00c6\u00f4\u00f6\u00f2\u00fb\u00f9\u00ff\u00d6\u00dc\u00a2\u00a3\u00a5\u20a7\u0192"
            + "\u00e1\u00ed\u00f3\u00fa\u00f1\u00d1\u00aa\u00ba\u00bf\u2310\u00ac\u00bd\u00bc\u00a1\u00ab\u00bb"
            + "\u2591\u2592\u2593\u2502\u2524\u2561\u2562\u2556\u2555\u2563\u2551\u2557\u255d\u255c\u255b\u2510"
            + "\u2514\u2534\u252c\u251c\u2500\u253c\u255e\u255f\u255a\u2554\u2569\u2566\u2560\u2550\u256c\u2567"
            + "\u2568\u2564\u2565\u2559\u2558\u2552\u2553\u256b\u256a\u2518\u250c\u2588\u2584\u258c\u2590\u2580"
            + "\u03b1\u00df\u0393\u03c0\u03a3\u03c3\u00b5\u03c4\u03a6\u0398\u03a9\u03b4\u221e\u03c6\u03b5\u2229"
            + "\u2261\u00b1\u2265\u2264\u2320\u2321\u00f7\u2248\u00b0\u2219\u00b7\u221a\u207f\u00b2\u25a0\u00a0";

    private final VgaRegisters registers;
    private final VgaMemory memory;

    VgaText(VgaRegisters registers, VgaMemory memory) {
        this.registers = registers;
        this.memory = memory;
    }

    Snapshot snapshot() {
        if ((registers.graphics(VgaRegisters.GRAPHICS_MISCELLANEOUS) & GRAPHICS) != 0) {
            return new Snapshot(0, 0, List.of(), -1, -1);
        }
        int columns = Math.min(registers.crtc(VgaRegisters.CRTC_DISPLAY_END) + 1, MOST_COLUMNS);
        int rows = rows();
        int start = word(VgaRegisters.CRTC_START_HIGH);
        int pitch = 2 * registers.crtc(VgaRegisters.CRTC_OFFSET);
        List<String> lines = new ArrayList<>();
        for (int row = 0; row < rows; row++) {
            StringBuilder line = new StringBuilder();
            for (int column = 0; column < columns; column++) {
                line.append(character(memory.plane(0, address(start + row * pitch + column))));
            }
            lines.add(line.toString().stripTrailing());
        }
        int cursor = word(VgaRegisters.CRTC_CURSOR_HIGH) - start;
        boolean shown = (registers.crtc(VgaRegisters.CRTC_CURSOR_START) & CURSOR_OFF) == 0 && pitch > 0 && cursor >= 0
                && cursor / pitch < rows && cursor % pitch < columns;
        return new Snapshot(columns, rows, lines, shown ? cursor % pitch : -1, shown ? cursor / pitch : -1);
    }

    private int rows() {
        int overflow = registers.crtc(VgaRegisters.CRTC_OVERFLOW);
        int shown = registers.crtc(VgaRegisters.CRTC_VERTICAL_DISPLAY_END) | (overflow & 0x02) << 7 | (overflow & 0x40) << 3;
        int scan = registers.crtc(VgaRegisters.CRTC_MAXIMUM_SCAN_LINE);
        int height = ((scan & SCAN_LINE) + 1) * ((scan & DOUBLE_SCAN) != 0 ? 2 : 1);
        return Math.min((shown + 1) / height, MOST_ROWS);
    }

    private int word(int high) {
        return registers.crtc(high) << 8 | registers.crtc(high + 1);
    }

    /** In word mode the address counter is shifted left; text modes use it because odd addresses are attributes. */
    private int address(int counter) {
        return (registers.crtc(VgaRegisters.CRTC_MODE) & BYTE_MODE) == 0 ? counter << 1 : counter;
    }

    private static char character(int code) {
        return code < LOW.length() ? LOW.charAt(code) : code < 0x7f ? (char) code : code == 0x7f ? HOUSE : HIGH.charAt(code - 0x80);
    }

    /** Blanks in grey on black everywhere, as a BIOS clears the screen. */
    void blank() {
        int[] words = memory.words();
        for (int at = 0; at < VgaMemory.WORDS / 2; at += 2) {
            words[at] = GREY_ON_BLACK << 8 | BLANK;
        }
    }
}
