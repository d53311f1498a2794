package proteus.io.virtio.core;

/** The driver put something in a queue that the standard forbids. Ends as DEVICE_NEEDS_RESET, never further up. */
public final class RingException extends Exception {
    private static final long serialVersionUID = 1L;

    /** @param message what was found, for the log */
    public RingException(String message) {
        // A guest can cause these at will: no stack trace, which would cost much more than the check.
        super(message, null, false, false);
    }
}
