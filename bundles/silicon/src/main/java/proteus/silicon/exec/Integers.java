package proteus.silicon.exec;

import proteus.silicon.cpu.HandlerTable;

/** All integer families of this package. */
public final class Integers {
    private Integers() {}

    /** Puts the integer instructions into the table. */
    public static void register(HandlerTable t) {
        Moves.register(t);
        Stack.register(t);
        Arithmetic.register(t);
        Products.register(t);
        Decimal.register(t);
        Shifts.register(t);
        Bits.register(t);
        BitManipulation.register(t);
        Control.register(t);
        Strings.register(t);
    }
}
