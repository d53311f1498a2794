package proteus.x86.xen;

/** The start information page of a 64-bit domain (Xen public/xen.h, struct start_info): offsets and flags. RSI points to it at the start. */
public final class StartInfo {
    public static final int MAGIC = 0, NR_PAGES = 32, SHARED_INFO = 40, FLAGS = 48, STORE_MFN = 56, STORE_EVTCHN = 64, CONSOLE_MFN = 72, CONSOLE_EVTCHN = 80,
        PT_BASE = 88, NR_PT_FRAMES = 96, MFN_LIST = 104, MOD_START = 112, MOD_LEN = 120, CMD_LINE = 128, FIRST_P2M_PFN = 1152, NR_P2M_FRAMES = 1160,
        BYTES = 1168;
    /** Bytes for the command line, terminating zero included. */
    public static final int CMD_LINE_BYTES = 1024;
    /** What {@link #MAGIC} reads: interface version and platform. */
    public static final String MAGIC_TEXT = "xen-3.0-x86_64";
    /** {@link #FLAGS}: MOD_START is a frame number, the module is not mapped. */
    public static final int SIF_MOD_START_PFN = 1 << 3;

    private StartInfo() {}
}
