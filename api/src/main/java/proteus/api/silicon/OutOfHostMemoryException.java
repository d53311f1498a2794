package proteus.api.silicon;

/** The host has not enough free physical memory for what was asked; the message says how much is free. */
public final class OutOfHostMemoryException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public OutOfHostMemoryException(String message) {
        super(message);
    }
}
