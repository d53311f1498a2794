package proteus.x86.xen;

/** Selectors of the flat segments that the hypervisor puts into every descriptor table (Xen public/arch-x86/xen-x86_64.h, FLAT_RING3_*). */
public final class FlatSelector {
    public static final int CODE32 = 0xe023, CODE64 = 0xe033, DATA32 = 0xe02b, STACK = 0xe02b;
    /** First descriptor that is the hypervisor's: entries below are the guest's. */
    public static final int FIRST_RESERVED_ENTRY = 0xe000 >> 3;
    /** Access rights behind them, in the layout of {@link proteus.x86.format.SegmentDescriptor}. */
    public static final int CODE32_RIGHTS = 0xc0fb, CODE64_RIGHTS = 0xa0fb, DATA_RIGHTS = 0xc0f3;

    private FlatSelector() {}
}
