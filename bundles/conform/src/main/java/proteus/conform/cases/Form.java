package proteus.conform.cases;

import proteus.x86.decode.Mnemonic;

/**
 * A kind of encoding: everything but registers, address, immediate and decoration is fixed.
 *
 * @param map 0 one-byte, 1 0F, 2 0F38, 3 0F3A
 * @param prefix 66, F2 or F3 that the form has, or 0
 * @param vex a VEX encoding; {@code prefix} then is pp as the byte it stands for
 * @param length VEX.L
 * @param modrm whether there is a ModRM byte
 * @param memory its operand is in memory
 * @param modrms allowed values of ModRM, mod as in the first of a form: of a memory form only reg counts, and whether rm has to be 4, a SIB byte
 * @param lockable LOCK is allowed
 */
record Form(Family family, Mnemonic mnemonic, int map, int opcode, int prefix, boolean wide, boolean vex, int length, boolean modrm, boolean memory, int[] modrms,
            boolean lockable) {
    private static final int SIB = 4;

    /** Whether the operand in memory has a SIB byte in every encoding. */
    boolean sibOnly() {
        return memory && (modrms[0] & 7) == SIB;
    }
}
