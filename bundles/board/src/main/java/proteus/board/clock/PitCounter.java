package proteus.board.clock;

import proteus.board.part.StateReader;
import proteus.board.part.StateWriter;

/**
 * One counter of the 8254 (Intel 231164-005), computed from its tick count when somebody looks, not stepped. All instants
 * are ticks of its 1.193182 MHz input.
 */
final class PitCounter {
    private static final int LATCH_COMMAND = 0;
    private static final int LOW_ONLY = 1;
    private static final int HIGH_ONLY = 2;
    private static final int LOW_HIGH = 3;

    private int access = LOW_HIGH;
    private int mode = 3;
    private boolean bcd;
    private boolean gate = true;
    /** Initial count 1..65536 (10000 in BCD); 0 while none has been written since the mode. */
    private int count;
    private long start;
    /** Instant at which the count stands still because of the gate, or -1. */
    private long held = -1;
    /** A count that waits for the end of the period (modes 2 and 3), 0 if none. */
    private int next;
    private long nextAt;
    /** Whether a one-shot was triggered (modes 1 and 5). */
    private boolean triggered;

    private boolean writeHigh;
    private int writeLow;
    private boolean readHigh;
    /** Bytes still to be read of a latched count, low first. */
    private int latchedBytes;
    private int latched;
    private boolean statusLatched;
    private int status;

    /** A mode word: counting stops until a count is written. */
    void control(int word) {
        access = word >> 4 & 3;
        int wanted = word >> 1 & 7;
        mode = wanted > 5 ? wanted - 4 : wanted;
        bcd = (word & 1) != 0;
        count = 0;
        next = 0;
        held = -1;
        triggered = false;
        writeHigh = false;
        readHigh = false;
        latchedBytes = 0;
        statusLatched = false;
    }

    void latchCount(long now) {
        if (latchedBytes == 0) {
            latched = value(now);
            latchedBytes = access == LOW_HIGH ? 2 : 1;
        }
    }

    void latchStatus(long now) {
        if (!statusLatched) {
            statusLatched = true;
            // OUT, null count, access, mode, BCD (data sheet, figure 11).
            boolean nullCount = count == 0 || next != 0;
            status = (output(now) ? 0x80 : 0) | (nullCount ? 0x40 : 0) | access << 4 | mode << 1 | (bcd ? 1 : 0);
        }
    }

    int read(long now) {
        if (statusLatched) {
            statusLatched = false;
            return status;
        }
        if (latchedBytes > 0) {
            boolean high = access == HIGH_ONLY || access == LOW_HIGH && latchedBytes == 1;
            latchedBytes--;
            return high ? latched >> 8 : latched & 0xff;
        }
        int value = value(now);
        if (access == LOW_HIGH) {
            readHigh = !readHigh;
            return readHigh ? value & 0xff : value >> 8;
        }
        return access == HIGH_ONLY ? value >> 8 : value & 0xff;
    }

    /** Takes a byte of the count; true when the count is complete and counting may start. */
    boolean write(long now, int value) {
        switch (access) {
            case LOW_ONLY -> load(now, value);
            case HIGH_ONLY -> load(now, value << 8);
            case LATCH_COMMAND -> {
                return false;
            }
            default -> {
                writeHigh = !writeHigh;
                if (writeHigh) {
                    writeLow = value;
                    if (mode == 0 && count != 0) {
                        // The first byte of a new count stops mode 0 and lowers OUT (data sheet, mode 0).
                        count = 0;
                        return true;
                    }
                    return false;
                }
                load(now, value << 8 | writeLow);
            }
        }
        return true;
    }

    private void load(long now, int raw) {
        int fresh = bcd ? fromBcd(raw) : raw;
        if (fresh == 0) {
            fresh = bcd ? 10_000 : 0x10000;
        }
        settle(now);
        boolean periodic = mode == 2 || mode == 3;
        if (periodic && count != 0 && held < 0) {
            next = fresh;
            nextAt = start + ((now - start) / count + 1) * count;
            return;
        }
        count = fresh;
        if (mode == 1 || mode == 5) {
            // Waits for the gate to rise; a shot under way ends with its own count.
            triggered = false;
            return;
        }
        start = now;
        held = gate ? -1 : now;
    }

    boolean gate() {
        return gate;
    }

    void gate(long now, boolean level) {
        if (level == gate) {
            return;
        }
        settle(now);
        gate = level;
        switch (mode) {
            case 1, 5 -> {
                if (level && count != 0) {
                    start = now;
                    triggered = true;
                }
            }
            case 2, 3 -> {
                if (level) {
                    start = now;
                    held = -1;
                } else {
                    held = now;
                }
            }
            default -> {
                if (!level) {
                    held = now;
                } else if (held >= 0) {
                    start += now - held;
                    held = -1;
                }
            }
        }
    }

    /** The OUT pin. */
    boolean output(long now) {
        settle(now);
        if (count == 0) {
            return mode != 0;
        }
        long gone = gone(now);
        return switch (mode) {
            case 0 -> gone >= count;
            case 1 -> !triggered || gone >= count;
            case 2 -> held >= 0 || gone % count != count - 1;
            case 3 -> held >= 0 || gone % count < (count + 1) / 2;
            case 4 -> gone != count;
            default -> !triggered || gone != count;
        };
    }

    /** The tick of the next rise of OUT after an instant, or {@link Long#MAX_VALUE}. */
    long nextRise(long now) {
        settle(now);
        if (count == 0 || held >= 0) {
            return Long.MAX_VALUE;
        }
        long gone = now - start;
        return switch (mode) {
            case 0 -> gone < count ? start + count : Long.MAX_VALUE;
            case 1 -> triggered && gone < count ? start + count : Long.MAX_VALUE;
            case 2, 3 -> start + (gone / count + 1) * count;
            // OUT falls for one tick when the count is reached; the strobe's end is the edge.
            case 4 -> gone <= count ? start + count + 1 : Long.MAX_VALUE;
            default -> triggered && gone <= count ? start + count + 1 : Long.MAX_VALUE;
        };
    }

    private void settle(long now) {
        if (next != 0 && now >= nextAt) {
            count = next;
            start = nextAt;
            next = 0;
        }
    }

    private long gone(long now) {
        return (held >= 0 ? held : now) - start;
    }

    private int value(long now) {
        settle(now);
        if (count == 0) {
            return 0;
        }
        long gone = mode == 1 || mode == 5 ? triggered ? gone(now) : 0 : gone(now);
        int modulus = bcd ? 10_000 : 0x10000;
        long value = switch (mode) {
            case 2 -> count - gone % count;
            // Counts down by two, twice a period (data sheet, mode 3).
            case 3 -> (count & ~1) - 2 * gone % Math.max(count & ~1, 2);
            default -> Math.floorMod(count - gone, (long) modulus);
        };
        int binary = (int) (value % modulus);
        return bcd ? toBcd(binary) : binary & 0xffff;
    }

    private static int fromBcd(int raw) {
        return (raw >> 12 & 0xf) * 1000 + (raw >> 8 & 0xf) * 100 + (raw >> 4 & 0xf) * 10 + (raw & 0xf);
    }

    private static int toBcd(int value) {
        return value / 1000 << 12 | value / 100 % 10 << 8 | value / 10 % 10 << 4 | value % 10;
    }

    void save(StateWriter out) {
        out.putInt(access).putInt(mode).putBoolean(bcd).putBoolean(gate).putInt(count).putLong(start).putLong(held);
        out.putInt(next).putLong(nextAt).putBoolean(triggered).putBoolean(writeHigh).putInt(writeLow).putBoolean(readHigh);
        out.putInt(latchedBytes).putInt(latched).putBoolean(statusLatched).putInt(status);
    }

    void load(StateReader in) {
        access = in.takeInt() & 3;
        mode = in.takeInt() % 6;
        bcd = in.takeBoolean();
        gate = in.takeBoolean();
        count = in.takeInt();
        start = in.takeLong();
        held = in.takeLong();
        next = in.takeInt();
        nextAt = in.takeLong();
        triggered = in.takeBoolean();
        writeHigh = in.takeBoolean();
        writeLow = in.takeInt();
        readHigh = in.takeBoolean();
        latchedBytes = in.takeInt();
        latched = in.takeInt();
        statusLatched = in.takeBoolean();
        status = in.takeInt();
    }
}
