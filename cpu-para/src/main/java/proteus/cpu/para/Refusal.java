package proteus.cpu.para;

/** A request of the guest that is refused; hypercalls return its negative error number (Xen public/errno.h). Thrown often and by the guest's will: without a stack trace. */
final class Refusal extends RuntimeException {
    static final Refusal NOT_PERMITTED = new Refusal(1), NO_ENTRY = new Refusal(2), NO_SUCH_DOMAIN = new Refusal(3), TOO_BIG = new Refusal(7), BAD_ADDRESS = new Refusal(14),
        BUSY = new Refusal(16), EXISTS = new Refusal(17), INVALID = new Refusal(22), NO_SPACE = new Refusal(28), UNKNOWN = new Refusal(38), TIME_PASSED = new Refusal(62);
    private static final long serialVersionUID = 1L;

    private final int number;

    private Refusal(int number) {
        super("error " + number, null, false, false);
        this.number = number;
    }

    /** What the hypercall returns. */
    long result() {
        return -number;
    }
}
