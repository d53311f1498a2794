package proteus.qtest.arguments;

/** Something was asked for that this port has not; the message is one sentence for the user. */
public final class UnsupportedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public UnsupportedException(String message) {
        super(message);
    }
}
