package proteus.board.legacy;

import proteus.api.io.BoardContext;

/**
 * The gate of address line 20. It is open while the keyboard controller's output port or port 0x92 says so, and closed when
 * neither does (PIIX3, A20M#: ALT_A20_GATE is or'd with A20GATE).
 */
public final class A20Gate {
    private final BoardContext context;
    private boolean keyboard = true, fast = true, open = true;

    public A20Gate(BoardContext context) {
        this.context = context;
    }

    /** What bit 1 of the keyboard controller's output port says. */
    void keyboard(boolean high) {
        keyboard = high;
        drive();
    }

    /** What bit 1 of port 0x92 says. */
    void fast(boolean high) {
        fast = high;
        drive();
    }

    private void drive() {
        boolean wanted = keyboard || fast;
        if (wanted != open) {
            open = wanted;
            context.addressLine20(wanted);
        }
    }
}
