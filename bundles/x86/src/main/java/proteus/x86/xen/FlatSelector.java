package proteus.x86.xen;

/** Selectors of the flat segments that the hypervisor puts into every descriptor table (Xen public/arch-x86/xen-x86_64.h, FLAT_RING3_*; xen-x86_32.h, FLAT_RING1_*, FLAT_RING3_*). */
public final class FlatSelector {
    /** Of 64-bit domains. */
    public static final int CODE32 = 0xe023, CODE64 = 0xe033, DATA32 = 0xe02b, STACK = 0xe02b;
    /** Of programs in 32-bit domains; their kernel's are in {@link Width}. */
    public static final int NARROW_USER_CODE = 0xe02b, NARROW_USER_DATA = 0xe033;
    /** First descriptor that is the hypervisor's: entries below are the guest's. */
    public static final int FIRST_RESERVED_ENTRY = 0xe000 >> 3;
    /** Access rights behind them, in the layout of {@link proteus.x86.format.SegmentDescriptor}. */
    public static final int CODE32_RIGHTS = 0xc0fb, CODE64_RIGHTS = 0xa0fb, DATA_RIGHTS = 0xc0f3;

    private FlatSelector() {}
}
