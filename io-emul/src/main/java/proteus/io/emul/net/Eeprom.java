package proteus.io.emul.net;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Arrays;

/** The card's EEPROM of 64 words, a Microwire part of type 93C46 that the driver clocks by hand through EECD (GbE SDM 5.2, 13.4.3), or reads by EERD (13.4.4). */
final class Eeprom {
    private static final int CLOCK = 1, SELECT = 2, DATA_IN = 4, DATA_OUT = 8, REQUEST = 0x40, GRANT = 0x80, PRESENT = 0x100;
    private static final int DRIVEN = CLOCK | SELECT | DATA_IN | REQUEST;
    private static final int WORDS = 64;
    private static final int COMMAND_BITS = 9;
    private static final int READ = 6;
    private static final int START = 1, DONE = 0x10;
    /** What all words add up to (GbE SDM 5.6.35). */
    private static final int SUM = 0xbaba;

    private final int[] words = new int[WORDS];
    private int lines;
    private int bits;
    private int shift;
    private boolean out;
    private int eerd;

    /** @param device PCI device ID */
    Eeprom(byte[] address, int device, int subsystem) {
        Arrays.fill(words, 0xffff);
        for (int i = 0; i < 3; i++) {
            words[i] = address[2 * i] & 0xff | (address[2 * i + 1] & 0xff) << 8;
        }
        words[3] = 0;
        // Initialization control 1 with its signature; identities; initialization control 2: symmetric and asymmetric pause.
        words[0xa] = 0x4408;
        words[0xb] = subsystem;
        words[0xc] = 0x8086;
        words[0xd] = device;
        words[0xe] = 0x8086;
        words[0xf] = 0x3040;
        words[0x24] = 0;
        int sum = 0;
        for (int i = 0; i < WORDS - 1; i++) {
            sum += words[i];
        }
        words[WORDS - 1] = SUM - sum & 0xffff;
    }

    int control() {
        return lines | PRESENT | ((lines & REQUEST) != 0 ? GRANT : 0) | (out ? DATA_OUT : 0);
    }

    void control(int value) {
        boolean rises = (value & CLOCK) != 0 && (lines & CLOCK) == 0;
        lines = value & DRIVEN;
        if ((lines & SELECT) == 0) {
            bits = 0;
            shift = 0;
            out = true;
        } else if (rises) {
            clock((lines & DATA_IN) != 0 ? 1 : 0);
        }
    }

    private void clock(int in) {
        if (bits < COMMAND_BITS) {
            if (bits == 0 && in == 0) {
                return; // no start bit yet
            }
            shift = shift << 1 | in;
            if (++bits == COMMAND_BITS) {
                // A zero goes in front of the data.
                out = false;
            }
        } else if (shift >> 6 == READ) {
            int at = bits++ - COMMAND_BITS;
            out = (words[shift + at / 16 & WORDS - 1] >> 15 - at % 16 & 1) != 0;
        }
    }

    int read() {
        return eerd;
    }

    void read(int value) {
        int word = value >> 8 & 0xff;
        eerd = (value & START) == 0 ? value : value & 0xff00 | DONE | (word < WORDS ? words[word] : 0xffff) << 16;
    }

    void save(DataOutputStream to) throws IOException {
        to.writeInt(lines);
        to.writeInt(bits);
        to.writeInt(shift);
        to.writeBoolean(out);
        to.writeInt(eerd);
    }

    void load(DataInputStream from) throws IOException {
        lines = from.readInt() & DRIVEN;
        bits = from.readInt() & 0xffff;
        shift = from.readInt() & (1 << COMMAND_BITS) - 1;
        out = from.readBoolean();
        eerd = from.readInt();
    }
}
