package proteus.x86.xen;

/** Fields of the start information page (Xen public/xen.h, struct start_info) by their offsets. RSI or ESI points to it at the start. */
public enum StartInfo {
    MAGIC(0, 0),
    NR_PAGES(32, 32),
    SHARED_INFO(40, 36),
    FLAGS(48, 40),
    STORE_MFN(56, 44),
    STORE_EVTCHN(64, 48),
    CONSOLE_MFN(72, 52),
    CONSOLE_EVTCHN(80, 56),
    PT_BASE(88, 60),
    NR_PT_FRAMES(96, 64),
    MFN_LIST(104, 68),
    MOD_START(112, 72),
    MOD_LEN(120, 76),
    CMD_LINE(128, 80),
    FIRST_P2M_PFN(1152, 1104),
    NR_P2M_FRAMES(1160, 1108);

    /** Bytes for the command line, terminating zero included. */
    public static final int CMD_LINE_BYTES = 1024;
    /** {@link #FLAGS}: MOD_START is a frame number, the module is not mapped. */
    public static final int SIF_MOD_START_PFN = 1 << 3;

    private final int wide;
    private final int narrow;

    StartInfo(int wide, int narrow) {
        this.wide = wide;
        this.narrow = narrow;
    }

    /** Offset in the page. */
    public int at(Width width) {
        return width.wide() ? wide : narrow;
    }
}
