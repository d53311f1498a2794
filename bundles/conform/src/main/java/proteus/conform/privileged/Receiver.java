package proteus.conform.privileged;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** Reads what the driver writes: a greeting, then for each case a mark, registers and changed memory; a farewell. */
final class Receiver {
    private static final int GREETING = word("PRIV"), MARK = word("CASE"), FAREWELL = word("DONE");
    private static final int END = -1;

    /** LOST: the machine went down, and the emulator has the word. */
    private enum Part { BEFORE, MARK, REGISTERS, ADDRESS, VALUE, DONE, LOST }

    private final List<Outcome> outcomes = new ArrayList<>();
    private final byte[] buffer = new byte[Registers.BYTES];
    private int have;
    private Part part = Part.BEFORE;
    private int sliding;
    private Registers registers;
    private SortedMap<Integer, Integer> memory;
    private int address;

    private static int word(String four) {
        return four.charAt(0) | four.charAt(1) << 8 | four.charAt(2) << 16 | four.charAt(3) << 24;
    }

    List<Outcome> outcomes() {
        return outcomes;
    }

    /** True once the driver has started. */
    boolean started() {
        return part != Part.BEFORE;
    }

    /** Takes a byte; true when it was the last. */
    boolean take(int value) {
        if (part == Part.BEFORE) {
            // whatever an emulator itself prints comes before
            sliding = sliding >>> 8 | (value & 0xff) << 24;
            if (sliding == GREETING) {
                part = Part.MARK;
            }
            return false;
        }
        if (part == Part.DONE || part == Part.LOST) {
            return part == Part.DONE;
        }
        buffer[have++] = (byte) value;
        if (have < (part == Part.REGISTERS ? Registers.BYTES : 4)) {
            return false;
        }
        have = 0;
        int word = ByteBuffer.wrap(buffer).order(ByteOrder.LITTLE_ENDIAN).getInt();
        switch (part) {
            case MARK -> {
                if (word == FAREWELL) {
                    part = Part.DONE;
                    return true;
                }
                part = word == MARK ? Part.REGISTERS : Part.LOST;
            }
            case REGISTERS -> {
                registers = new Registers(buffer.clone());
                memory = new TreeMap<>();
                part = Part.ADDRESS;
            }
            case ADDRESS -> {
                address = word;
                part = Part.VALUE;
                if (word == END) {
                    outcomes.add(new Outcome(Outcome.Ending.EVENT, registers, memory));
                    part = Part.MARK;
                }
            }
            default -> {
                memory.put(address, word);
                part = Part.ADDRESS;
            }
        }
        return false;
    }
}
