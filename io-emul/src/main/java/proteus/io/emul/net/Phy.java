package proteus.io.emul.net;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Arrays;

/** The card's transceiver, an 88E1011, behind MDIC (IEEE 802.3 clause 22; GbE SDM 8, 13.4.5). Its partner always agrees on 1000 Mb/s, full duplex. */
final class Phy {
    private static final int REGISTERS = 32;
    private static final int OPERATION = 0x0c00_0000, WRITE = 0x0400_0000, READ = 0x0800_0000;
    private static final int READY = 0x1000_0000, ERROR = 0x4000_0000;
    private static final int ADDRESS = 1;
    private static final int CONTROL = 0;
    /** Reset and restart of the negotiation clear themselves. */
    private static final int SELF_CLEARING = 0x8200;

    private final int[] registers = new int[REGISTERS];
    private int mdic;

    Phy() {
        reset();
    }

    void reset() {
        Arrays.fill(registers, 0);
        registers[CONTROL] = 0x1140;
        // Status: all speeds, negotiation complete, link.
        registers[1] = 0x796d;
        registers[2] = 0x0141;
        registers[3] = 0x0c20;
        registers[4] = 0x0de1;
        registers[5] = 0x4de1;
        registers[6] = 0x0001;
        registers[9] = 0x0e00;
        registers[10] = 0x3c00;
        registers[15] = 0x3000;
        registers[16] = 0x0360;
        // 1000 Mb/s, full duplex, resolved, link.
        registers[17] = 0xac00;
        registers[20] = 0x0d60;
        mdic = READY;
    }

    int control() {
        return mdic;
    }

    /** Gives whether the link was negotiated anew. */
    boolean control(int value) {
        int register = value >> 16 & REGISTERS - 1;
        boolean negotiated = false;
        mdic = value & ~ERROR | READY;
        if ((value >> 21 & 0x1f) != ADDRESS) {
            mdic |= ERROR;
        } else if ((value & OPERATION) == READ) {
            mdic = mdic & ~0xffff | registers[register];
        } else if ((value & OPERATION) == WRITE && writable(register)) {
            registers[register] = value & 0xffff;
            if (register == CONTROL) {
                negotiated = (value & SELF_CLEARING) != 0;
                registers[CONTROL] &= ~SELF_CLEARING;
            }
        }
        return negotiated;
    }

    private static boolean writable(int register) {
        return register == CONTROL || register == 4 || register == 7 || register == 9 || register >= 16 && register != 17 && register != 19 && register != 21;
    }

    void save(DataOutputStream to) throws IOException {
        to.writeInt(mdic);
        for (int value : registers) {
            to.writeShort(value);
        }
    }

    void load(DataInputStream from) throws IOException {
        mdic = from.readInt();
        for (int i = 0; i < REGISTERS; i++) {
            registers[i] = from.readUnsignedShort();
        }
    }
}
