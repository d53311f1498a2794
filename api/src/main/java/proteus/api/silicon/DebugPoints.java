package proteus.api.silicon;

import java.util.List;
import java.util.Set;

/**
 * Where a processor stops for a debugger outside of the guest, which sees nothing of it: neither its memory nor its own debug
 * registers change. All addresses are linear.
 *
 * @param instructions in front of an instruction at one of these the processor stops; nothing of the instruction has happened
 * @param data behind an instruction that accessed one of these the processor stops
 */
public record DebugPoints(Set<Long> instructions, List<Watch> data) {
    /** Stops nowhere. */
    public static final DebugPoints NONE = new DebugPoints(Set.of(), List.of());

    public DebugPoints {
        instructions = Set.copyOf(instructions);
        data = List.copyOf(data);
    }

    public boolean isEmpty() {
        return instructions.isEmpty() && data.isEmpty();
    }

    /**
     * A range of data.
     *
     * @param address first byte
     * @param bytes length, at least 1
     * @param reads whether reads stop
     * @param writes whether writes stop
     */
    public record Watch(long address, long bytes, boolean reads, boolean writes) {
        public Watch {
            if (bytes < 1) {
                throw new IllegalArgumentException("a watched range of " + bytes + " bytes");
            }
        }
    }
}
