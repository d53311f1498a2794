package proteus.silicon.cpu;

/** An exception of the guest on its way to delivery. One per processor, reused: it carries no Java stack. */
public final class GuestFault extends RuntimeException {
    private static final long serialVersionUID = 1L;
    /** Exception vector 0..31. */
    public int vector;
    /** Error code, meaningful only for vectors that push one. */
    public int errorCode;
    /** Linear address for CR2 of a page fault; pending DR6 bits of a debug exception. */
    public long detail;
    /** A data access to an address that is not canonical: #SS instead of #GP if it referred to the stack segment. */
    public boolean nonCanonical;
    /** A trap rather than a fault: the instruction is done and RIP is already where it leads. */
    public boolean trap;

    GuestFault() {
        super(null, null, false, false);
    }
}
