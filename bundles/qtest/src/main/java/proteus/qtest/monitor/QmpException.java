package proteus.qtest.monitor;

/** A command that fails; the message is for the client. */
final class QmpException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String errorClass;

    QmpException(String message) {
        this("GenericError", message);
    }

    QmpException(String errorClass, String message) {
        super(message, null, false, false);
        this.errorClass = errorClass;
    }

    static QmpException notFound(String message) {
        return new QmpException("CommandNotFound", message);
    }

    String errorClass() {
        return errorClass;
    }
}
