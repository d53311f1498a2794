package proteus.api.vm;

/** A guest image that cannot be started; the message is one sentence: what, where, what to do next. */
public final class GuestLoadException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public GuestLoadException(String message) {
        super(message);
    }
}
