package proteus.api.memory;

/** An access to guest-physical memory where there is none. */
public final class GuestMemoryException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final long gpa;

    public GuestMemoryException(long gpa, long bytes) {
        super("no guest memory at 0x%x, %d bytes".formatted(gpa, bytes));
        this.gpa = gpa;
    }

    public long gpa() {
        return gpa;
    }
}
