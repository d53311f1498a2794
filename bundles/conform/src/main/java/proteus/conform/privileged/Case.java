package proteus.conform.privileged;

import java.util.List;

/**
 * A case: what the machine is like, and the code that is tried there.
 *
 * @param family which family it is of
 * @param text the code, as assembly
 * @param bits size of that code
 * @param before all registers, {@link Registers#MODE} included
 * @param patches how memory differs from what every case starts with
 */
record Case(Family family, String text, int bits, Registers before, List<Patch> patches) {
    static final int PROTECTED = 0, LONG = 1, REAL = 2;

    /** Bytes at an address; {@code what} says it to people. */
    record Patch(int address, byte[] bytes, String what) {}

    int mode() {
        return before.getInt(Registers.MODE);
    }
}
