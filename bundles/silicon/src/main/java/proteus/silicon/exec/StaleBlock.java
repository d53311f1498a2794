package proteus.silicon.exec;

/** Thrown in front of an operation of the running block whose bytes were overwritten by an earlier one of it. */
final class StaleBlock extends RuntimeException {
    private static final long serialVersionUID = 1;
    static final StaleBlock SIGNAL = new StaleBlock();

    private StaleBlock() {
        super("the running block was overwritten", null, false, false);
    }
}
