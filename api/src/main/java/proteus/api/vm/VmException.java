package proteus.api.vm;

/** A request that a VM cannot serve; the message is one clear sentence. */
public final class VmException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public VmException(String message) {
        super(message);
    }

    public VmException(String message, Throwable cause) {
        super(message, cause);
    }
}
