package proteus.silicon.cpu;

/** Leaves the guest from inside an instruction that did not retire; the exit information is already recorded. One per processor, no Java stack. */
public final class ExitSignal extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ExitSignal() {
        super(null, null, false, false);
    }
}
