package proteus.debug.rsp;

/** A packet that makes no sense; the debugger gets an error. */
public final class MalformedPacketException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public MalformedPacketException(String message) {
        super(message);
    }
}
