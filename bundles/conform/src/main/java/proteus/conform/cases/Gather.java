package proteus.conform.cases;

import proteus.conform.state.Cases;
import proteus.x86.decode.Instruction;

/** The vector of indices of a gather (SDM vol. 2A, 2.3.12; vol. 2C, VGATHER). */
final class Gather {
    private Gather() {}

    /** How many elements are loaded. */
    static int elements(Instruction in) {
        return in.vectorLength / Math.max(indexBits(in), elementBits(in));
    }

    static long index(Instruction in, Cases cases, long at, int element) {
        long place = place(in, at, element);
        return indexBits(in) == 32 ? cases.getInt(place) : cases.get(place);
    }

    /** @param value sign-extended, if the indices have 32 bits */
    static void setIndex(Instruction in, Cases cases, long at, int element, long value) {
        long place = place(in, at, element);
        if (indexBits(in) == 32) {
            cases.setInt(place, (int) value);
        } else {
            cases.set(place, value);
        }
    }

    private static long place(Instruction in, long at, int element) {
        int bits = indexBits(in) * element;
        return at + (bits < 128 ? Cases.XMM : Cases.UPPER) + 16L * in.index + (bits & 127) / 8;
    }

    private static int indexBits(Instruction in) {
        return switch (in.mnemonic) {
            case VGATHERDPS, VGATHERDPD, VPGATHERDD, VPGATHERDQ -> 32;
            default -> 64;
        };
    }

    private static int elementBits(Instruction in) {
        return switch (in.mnemonic) {
            case VGATHERDPS, VGATHERQPS, VPGATHERDD, VPGATHERQD -> 32;
            default -> 64;
        };
    }
}
