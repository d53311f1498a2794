package proteus.io.emul.ata;

/** Offsets in the command block and bits of the registers (ATA/ATAPI-6, chapter 7). */
final class Registers {
    static final int DATA = 0;
    static final int FEATURES = 1;
    static final int COUNT = 2;
    static final int LBA_LOW = 3;
    static final int LBA_MID = 4;
    static final int LBA_HIGH = 5;
    static final int DEVICE = 6;
    static final int COMMAND = 7;

    static final int STATUS_ERROR = 0x01;
    static final int STATUS_DATA_REQUEST = 0x08;
    static final int STATUS_SEEK_COMPLETE = 0x10;
    static final int STATUS_READY = 0x40;
    static final int STATUS_BUSY = 0x80;

    static final int ERROR_ABORT = 0x04;
    static final int ERROR_NOT_FOUND = 0x10;
    static final int ERROR_UNCORRECTABLE = 0x40;
    /** Code of the diagnostics: device 0 passed, device 1 passed or not there. */
    static final int DIAGNOSTIC_PASSED = 0x01;

    static final int DEVICE_ONE = 0x10;
    static final int DEVICE_LBA = 0x40;
    static final int DEVICE_HEAD = 0x0f;
    /** Bits that are obsolete and read as ones. */
    static final int DEVICE_ONES = 0xa0;

    static final int CONTROL_NO_INTERRUPT = 0x02;
    static final int CONTROL_RESET = 0x04;
    static final int CONTROL_HIGH_ORDER = 0x80;

    private Registers() {}
}
