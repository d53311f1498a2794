package proteus.board.irq;

import proteus.board.part.StateReader;
import proteus.board.part.StateWriter;

/**
 * One 8259A (Intel 231468-003). Edges are latched until they are acknowledged even if the input falls before: the data
 * sheet answers that case with a default IR7, but devices that pulse their line must not lose interrupts.
 */
final class Pic8259 {
    private static final int ICW1 = 0x10;
    private static final int ICW1_ICW4_NEEDED = 0x01;
    private static final int ICW1_SINGLE = 0x02;
    private static final int ICW4_AUTO_EOI = 0x02;
    private static final int ICW4_FULLY_NESTED = 0x10;
    private static final int OCW3 = 0x08;
    private static final int OCW3_POLL = 0x04;
    private static final int OCW3_READ_REGISTER = 0x02;
    private static final int OCW3_SET_SPECIAL_MASK = 0x40;
    private static final int NONE = 8;
    static final int CASCADE = 2;
    private static final int POWER_ON = 1;

    private final boolean master;
    private final int levelCapable;

    private int lines;
    private int requests;
    private int mask;
    private int inService;
    private int level;
    private int vectorBase;
    /** Next initialisation word expected: 2, 3 or 4; 0 in operation, {@link #POWER_ON} before the first ICW1. */
    private int expected = POWER_ON;
    private boolean icw4;
    private boolean single;
    private boolean readInService;
    private boolean poll;
    private boolean specialMask;
    private boolean autoEoi;
    private boolean rotateOnAutoEoi;
    private boolean fullyNested;
    /** The input with the highest priority. */
    private int highest;

    /** @param levelCapable inputs whose edge/level bit can be set (PIIX3 2.2.5: 0xf8 and 0xde) */
    Pic8259(boolean master, int levelCapable) {
        this.master = master;
        this.levelCapable = levelCapable;
    }

    void reset() {
        requests = 0;
        mask = 0;
        inService = 0;
        level = 0;
        vectorBase = 0;
        expected = POWER_ON;
        highest = 0;
        icw4 = false;
        single = false;
        readInService = false;
        poll = false;
        specialMask = false;
        autoEoi = false;
        rotateOnAutoEoi = false;
        fullyNested = false;
    }

    void line(int input, boolean asserted) {
        int bit = 1 << input;
        if (asserted) {
            if ((level & bit) != 0 || (lines & bit) == 0) {
                requests |= bit;
            }
            lines |= bit;
        } else {
            if ((level & bit) != 0) {
                requests &= ~bit;
            }
            lines &= ~bit;
        }
    }

    /** The slave's INT output at the master: followed as a level, since the slave may drop and raise it within one INTA. */
    void cascade(boolean asserted) {
        if (asserted) {
            requests |= 1 << CASCADE;
        } else {
            requests &= ~(1 << CASCADE);
        }
    }

    /** The input to serve now, or -1: INT is this being at least 0. */
    int request() {
        if (expected != 0) {
            // It operates only after its initialisation words (data sheet, Programming the 8259A).
            return -1;
        }
        int waiting = rank(requests & ~mask);
        if (waiting == NONE) {
            return -1;
        }
        int serving = inService;
        if (specialMask) {
            serving &= ~mask;
        }
        if (fullyNested && master) {
            serving &= ~(1 << CASCADE);
        }
        return waiting < rank(serving) ? waiting + highest & 7 : -1;
    }

    /** The INTA cycle for an input. */
    void acknowledge(int input) {
        int bit = 1 << input;
        if (autoEoi) {
            if (rotateOnAutoEoi) {
                highest = input + 1 & 7;
            }
        } else {
            inService |= bit;
        }
        if ((level & bit) == 0) {
            requests &= ~bit;
        }
    }

    int vector(int input) {
        return vectorBase | input;
    }

    int read(int port) {
        if (poll) {
            poll = false;
            int input = request();
            if (input < 0) {
                return 0;
            }
            acknowledge(input);
            return 0x80 | input;
        }
        if (port == 0) {
            return readInService ? inService : requests;
        }
        return mask;
    }

    void write(int port, int value) {
        if (port == 0) {
            if ((value & ICW1) != 0) {
                initialise(value);
            } else if ((value & OCW3) != 0) {
                operationWord3(value);
            } else {
                operationWord2(value);
            }
            return;
        }
        switch (expected) {
            case 2 -> {
                vectorBase = value & 0xf8;
                expected = single ? icw4 ? 4 : 0 : 3;
            }
            // The cascade is wired on a PC: ICW3 cannot change it.
            case 3 -> expected = icw4 ? 4 : 0;
            case 4 -> {
                autoEoi = (value & ICW4_AUTO_EOI) != 0;
                fullyNested = (value & ICW4_FULLY_NESTED) != 0;
                expected = 0;
            }
            default -> mask = value & 0xff;
        }
    }

    int edgeLevel() {
        return level;
    }

    void edgeLevel(int value) {
        level = value & levelCapable;
        requests |= level & lines;
    }

    private void initialise(int value) {
        // The edge sense circuit is reset: an input must rise again (data sheet, ICW1). Level inputs show their state.
        requests = level & lines;
        mask = 0;
        inService = 0;
        highest = 0;
        specialMask = false;
        readInService = false;
        poll = false;
        autoEoi = false;
        rotateOnAutoEoi = false;
        fullyNested = false;
        icw4 = (value & ICW1_ICW4_NEEDED) != 0;
        single = (value & ICW1_SINGLE) != 0;
        expected = 2;
    }

    /** OCW2: R, SL, EOI in bits 7..5, the level in bits 2..0. */
    private void operationWord2(int value) {
        int input = value & 7;
        switch (value >> 5) {
            case 0 -> rotateOnAutoEoi = false;
            case 4 -> rotateOnAutoEoi = true;
            case 1 -> endHighest(false);
            case 5 -> endHighest(true);
            case 3 -> inService &= ~(1 << input);
            case 6 -> highest = input + 1 & 7;
            case 7 -> {
                inService &= ~(1 << input);
                highest = input + 1 & 7;
            }
            default -> {
                // 2 is "no operation".
            }
        }
    }

    private void endHighest(boolean rotate) {
        // In special mask mode a masked in-service bit is not cleared by a non-specific EOI (data sheet, End of Interrupt).
        int rank = rank(specialMask ? inService & ~mask : inService);
        if (rank != NONE) {
            int input = rank + highest & 7;
            inService &= ~(1 << input);
            if (rotate) {
                highest = input + 1 & 7;
            }
        }
    }

    private void operationWord3(int value) {
        if ((value & OCW3_POLL) != 0) {
            poll = true;
        }
        if ((value & OCW3_READ_REGISTER) != 0) {
            readInService = (value & 1) != 0;
        }
        if ((value & OCW3_SET_SPECIAL_MASK) != 0) {
            specialMask = (value & 0x20) != 0;
        }
    }

    /** Priority of the most urgent of some inputs, 0 first; {@link #NONE} for none. */
    private int rank(int inputs) {
        return inputs == 0 ? NONE : Integer.numberOfTrailingZeros((inputs << 8 | inputs) >> highest);
    }

    void save(StateWriter out) {
        for (int value : new int[] {lines, requests, mask, inService, level, vectorBase, expected, highest, flags()}) {
            out.putInt(value);
        }
    }

    void load(StateReader in) {
        lines = in.takeInt() & 0xff;
        requests = in.takeInt() & 0xff;
        mask = in.takeInt() & 0xff;
        inService = in.takeInt() & 0xff;
        level = in.takeInt() & levelCapable;
        vectorBase = in.takeInt() & 0xf8;
        expected = in.takeInt() & 7;
        highest = in.takeInt() & 7;
        int flags = in.takeInt();
        icw4 = (flags & 1) != 0;
        single = (flags & 2) != 0;
        readInService = (flags & 4) != 0;
        poll = (flags & 8) != 0;
        specialMask = (flags & 16) != 0;
        autoEoi = (flags & 32) != 0;
        rotateOnAutoEoi = (flags & 64) != 0;
        fullyNested = (flags & 128) != 0;
    }

    private int flags() {
        return (icw4 ? 1 : 0) | (single ? 2 : 0) | (readInService ? 4 : 0) | (poll ? 8 : 0) | (specialMask ? 16 : 0)
                | (autoEoi ? 32 : 0) | (rotateOnAutoEoi ? 64 : 0) | (fullyNested ? 128 : 0);
    }
}
