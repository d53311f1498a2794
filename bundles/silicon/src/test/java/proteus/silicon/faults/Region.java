package proteus.silicon.faults;

/** A part of linear memory with one job: two pages, and the object that lies in it is put around the border between them. */
enum Region {
    /** Interrupt vectors of 8086 programs, at linear 0. */
    VECTORS,
    /** DS. */
    DATA,
    /** ES. */
    TARGET,
    /** The stack in force. */
    STACK,
    /** The stack of ring 0 that a gate switches to, and the stack of the other task. */
    INNER,
    GDT,
    IDT,
    LDT,
    TSS,
    /** TSS of the other task. */
    TASK,
    CODE;

    static final int BYTES = 0x2000;
    /** From the start of a region to its border, where objects are put. */
    static final int BORDER = 0x1000;
    private static final long PHYSICAL = 0x1_0000;
    /** Where all of them end in physical memory. */
    static final long PHYSICAL_END = PHYSICAL + values().length * (long) BYTES;

    long linear() {
        return (long) ordinal() << 16;
    }

    long physical() {
        return PHYSICAL + ordinal() * (long) BYTES;
    }

    /** The region of a physical address, or null. */
    static Region at(long physical) {
        return physical < PHYSICAL || physical >= PHYSICAL_END ? null : values()[(int) ((physical - PHYSICAL) / BYTES)];
    }

    /** The region of a linear address that is physical too, in real mode. */
    static Region atLinear(long linear) {
        return values()[(int) (linear >> 16)];
    }

    /** Accessed by the processor itself, with supervisor privilege whatever the CPL (SDM 3A, 4.6). */
    boolean implicit() {
        return switch (this) {
            case INNER, GDT, IDT, LDT, TSS, TASK -> true;
            default -> false;
        };
    }
}
