package proteus.io.emul.ata;

/** First bytes of the packets that a CD-ROM drive understands (SPC-2, MMC-3). */
final class CdCommand {
    static final int TEST_UNIT_READY = 0x00;
    static final int REQUEST_SENSE = 0x03;
    static final int INQUIRY = 0x12;
    static final int START_STOP = 0x1b;
    static final int PREVENT_REMOVAL = 0x1e;
    static final int READ_CAPACITY = 0x25;
    static final int READ_10 = 0x28;
    static final int SEEK = 0x2b;
    static final int SYNCHRONIZE = 0x35;
    static final int READ_TOC = 0x43;
    static final int GET_CONFIGURATION = 0x46;
    static final int GET_EVENT = 0x4a;
    static final int READ_DISC_INFORMATION = 0x51;
    static final int MODE_SENSE_10 = 0x5a;
    static final int READ_12 = 0xa8;
    static final int SET_SPEED = 0xbb;
    static final int MECHANISM_STATUS = 0xbd;
    static final int READ_CD = 0xbe;

    private CdCommand() {}

    /** Whether a command is about the disc: a drive without one is not ready for it. */
    static boolean needsDisc(int code) {
        return switch (code) {
            case TEST_UNIT_READY, READ_CAPACITY, READ_10, READ_12, READ_CD, SEEK, READ_TOC, READ_DISC_INFORMATION, SYNCHRONIZE -> true;
            default -> false;
        };
    }
}
