package proteus.cpu.full;

import java.util.ArrayList;
import java.util.List;

/** The translation of a run of guest instructions, entered at its first only. Offsets are in the monitor's window. */
final class Translation {
    /** A direct branch that leaves it, and the trap it leads to until it is chained. */
    static final class Exit {
        final Translation from;
        /** Guest address. */
        final long target;
        /** Where the branch has its displacement. */
        final int displacementAt;
        final int trapAt;
        Translation chained;

        Exit(Translation from, long target, int displacementAt, int trapAt) {
            this.from = from;
            this.target = target;
            this.displacementAt = displacementAt;
            this.trapAt = trapAt;
        }
    }

    /** Linear address of the first guest instruction. */
    final long source;
    /** Where indirect branches arrive, or -1 if none can. */
    int arrival = -1;
    /** Where the first instruction's code is. */
    int entry;
    /** Behind the last byte. */
    int end;
    /** How many guest instructions. */
    int count;
    /** Of each instruction, and of what follows the last: distance from the source, offset of its code. */
    final short[] distances = new short[Translator.LONGEST + 1];

    final int[] offsets = new int[Translator.LONGEST + 1];
    final byte[] treatments = new byte[Translator.LONGEST + 1];
    final List<Exit> exits = new ArrayList<>(2);
    final List<Exit> chainedHere = new ArrayList<>(2);
    /** Guest-physical addresses of its first byte, and of the second page it lies in or -1. */
    long gpa;

    long secondPage = -1;
    /** The mappings of the source survive loads of CR3. */
    boolean global;
    boolean dead;

    Translation(long source) {
        this.source = source;
    }

    /** Guest address of an instruction, or behind the last. */
    long guest(int index) {
        return source + distances[index];
    }

    int bytes() {
        return distances[count];
    }

    /** Whether its source has a byte of a guest-physical range. */
    boolean overlaps(long from, long to) {
        long inFirst = Math.min(bytes(), 0x1000 - (gpa & 0xfff));
        return gpa < to && gpa + inFirst > from || secondPage >= 0 && secondPage < to && secondPage + bytes() - inFirst > from;
    }
}
