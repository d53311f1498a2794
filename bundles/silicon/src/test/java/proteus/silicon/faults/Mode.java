package proteus.silicon.faults;

/** Modes of the processor that forms are tried in. */
enum Mode {
    REAL(16), V86(16), PROTECTED16(16), PROTECTED32(32), COMPATIBILITY(32), LONG(64);

    /** Code size. */
    final int bits;

    Mode(int bits) {
        this.bits = bits;
    }

    /** IA-32e mode: tables and gates are those of 64-bit mode. */
    boolean ia32e() {
        return this == COMPATIBILITY || this == LONG;
    }

    boolean paging() {
        return this != REAL;
    }

    boolean descriptors() {
        return this != REAL && this != V86;
    }
}
