package proteus.board.irq;

import proteus.api.io.BusDevice;
import proteus.board.part.Part;
import proteus.board.part.StateReader;
import proteus.board.part.StateWriter;

/** The I/O APIC 82093AA (Intel 290566-001) with 24 inputs and the EOI register of its successors (version 0x20). */
public final class IoApic implements Part, BusDevice {
    /** Where it answers. */
    public static final long ADDRESS = 0xfec0_0000L;

    public static final int PINS = 24;
    /** 82093AA has 0x11; 0x20 (ICH) adds the EOI register at 0x40. */
    public static final int VERSION = 0x20;

    private static final int SELECT = 0x00;
    private static final int WINDOW = 0x10;
    private static final int EOI = 0x40;
    private static final long MASKED = 1L << 16;
    private static final long LEVEL = 1L << 15;
    private static final long REMOTE_IRR = 1L << 14;
    private static final long LOGICAL = 1L << 11;
    private static final long WRITABLE = 0xff00_0000_0001_afffL;

    private final ApicBus bus;
    private final long[] entries = new long[PINS];
    private int lines;
    private int select;
    private int id;

    public IoApic(ApicBus bus) {
        this.bus = bus;
        reset();
    }

    /** Sets the level of an input. */
    public void line(int pin, boolean asserted) {
        int bit = 1 << pin;
        boolean rising = asserted && (lines & bit) == 0;
        lines = asserted ? lines | bit : lines & ~bit;
        long entry = entries[pin];
        if ((entry & MASKED) != 0) {
            // An edge at a masked input is neither delivered nor held (82093AA 3.2.4, bit 16).
            return;
        }
        if ((entry & LEVEL) != 0) {
            serveLevel(pin);
        } else if (rising) {
            deliver(entry);
        }
    }

    /** A level-triggered vector was ended: its inputs that are still asserted interrupt again. */
    void endOfInterrupt(int vector) {
        for (int pin = 0; pin < PINS; pin++) {
            long entry = entries[pin];
            if ((entry & 0xff) == vector && (entry & LEVEL) != 0 && (entry & REMOTE_IRR) != 0) {
                entries[pin] = entry & ~REMOTE_IRR;
                serveLevel(pin);
            }
        }
    }

    /** Sets the identification register, as firmware does. */
    public void id(int value) {
        id = value & 0xf;
    }

    @Override
    public long read(long offset, int size) {
        int at = (int) offset & ~3;
        int value = switch (at) {
            case SELECT -> select;
            case WINDOW -> readRegister();
            default -> 0;
        };
        return (value & 0xffff_ffffL) >>> 8 * (offset & 3) & (size >= 4 ? 0xffff_ffffL : (1L << 8 * size) - 1);
    }

    @Override
    public void write(long offset, int size, long value) {
        switch ((int) offset) {
            case SELECT -> select = (int) value & 0xff;
            case WINDOW -> writeRegister((int) value);
            case EOI -> endOfInterrupt((int) value & 0xff);
            default -> {
                // Reserved: lost.
            }
        }
    }

    private int readRegister() {
        switch (select) {
            case 0, 2:
                return id << 24;
            case 1:
                return PINS - 1 << 16 | VERSION;
            default:
                int index = select - 0x10;
                if (index < 0 || index >= 2 * PINS) {
                    return 0;
                }
                long entry = entries[index >> 1];
                return (int) ((index & 1) == 0 ? entry : entry >>> 32);
        }
    }

    private void writeRegister(int value) {
        if (select == 0) {
            id = value >>> 24 & 0xf;
            return;
        }
        int index = select - 0x10;
        if (index < 0 || index >= 2 * PINS) {
            return;
        }
        int pin = index >> 1;
        long entry = entries[pin];
        long fresh = (index & 1) == 0 ? entry & ~0xffff_ffffL | value & 0xffff_ffffL : entry & 0xffff_ffffL | (long) value << 32;
        fresh = fresh & WRITABLE | entry & REMOTE_IRR;
        if ((fresh & LEVEL) == 0) {
            // Remote IRR has no meaning for an edge: guests switch to edge and back to clear a stuck one.
            fresh &= ~REMOTE_IRR;
        }
        entries[pin] = fresh;
        if ((fresh & (MASKED | LEVEL)) == LEVEL) {
            serveLevel(pin);
        }
    }

    private void serveLevel(int pin) {
        long entry = entries[pin];
        if ((lines & 1 << pin) != 0 && (entry & (MASKED | REMOTE_IRR)) == 0) {
            entries[pin] = entry | REMOTE_IRR;
            deliver(entry);
        }
    }

    private void deliver(long entry) {
        bus.deliver((int) (entry >>> 56), (entry & LOGICAL) != 0, (int) (entry >>> 8) & 7, (int) entry & 0xff, (entry & LEVEL) != 0);
    }

    @Override
    public String name() {
        return "I/O APIC";
    }

    @Override
    public void reset() {
        java.util.Arrays.fill(entries, MASKED);
        select = 0;
        id = 0;
    }

    @Override
    public void save(StateWriter out) {
        out.putLongs(entries).putInt(lines).putInt(select).putInt(id);
    }

    @Override
    public void load(StateReader in) {
        in.takeLongs(entries);
        lines = in.takeInt();
        select = in.takeInt() & 0xff;
        id = in.takeInt() & 0xf;
    }
}
