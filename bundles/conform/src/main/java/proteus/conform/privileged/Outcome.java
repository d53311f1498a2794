package proteus.conform.privileged;

import java.util.SortedMap;

/**
 * What became of a case.
 *
 * @param ending how the machine ended it
 * @param after the registers; null unless the ending is {@link Ending#EVENT}
 * @param memory double words of the windows that changed: address to value
 */
record Outcome(Ending ending, Registers after, SortedMap<Integer, Integer> memory) {
    /** How a case can end. */
    enum Ending {
        /** By an exception or interrupt that the driver's handler took. */
        EVENT,
        /** The machine went down: a triple fault. */
        SHUTDOWN,
        /** Nothing came for a while. */
        SILENCE
    }
}
