package proteus.io.emul.ata;

/** The commands of disks and packet devices (ATA/ATAPI-6, chapter 8). What is not in this table is aborted. */
enum Command {
    DATA_SET_MANAGEMENT(0x06, Kind.TRIM),
    DEVICE_RESET(0x08, Kind.DEVICE_RESET),
    RECALIBRATE(0x10, Kind.NOTHING),
    READ_SECTORS(0x20, Kind.READ),
    READ_SECTORS_ONCE(0x21, Kind.READ),
    READ_SECTORS_EXT(0x24, Kind.READ, true),
    READ_DMA_EXT(0x25, Kind.READ_DMA, true),
    READ_NATIVE_MAX_EXT(0x27, Kind.NATIVE_MAX, true),
    READ_MULTIPLE_EXT(0x29, Kind.READ_MULTIPLE, true),
    WRITE_SECTORS(0x30, Kind.WRITE),
    WRITE_SECTORS_ONCE(0x31, Kind.WRITE),
    WRITE_SECTORS_EXT(0x34, Kind.WRITE, true),
    WRITE_DMA_EXT(0x35, Kind.WRITE_DMA, true),
    WRITE_MULTIPLE_EXT(0x39, Kind.WRITE_MULTIPLE, true),
    VERIFY(0x40, Kind.VERIFY),
    VERIFY_ONCE(0x41, Kind.VERIFY),
    VERIFY_EXT(0x42, Kind.VERIFY, true),
    SEEK(0x70, Kind.SEEK),
    DIAGNOSTIC(0x90, Kind.DIAGNOSTIC),
    SET_GEOMETRY(0x91, Kind.SET_GEOMETRY),
    PACKET(0xa0, Kind.PACKET),
    IDENTIFY_PACKET(0xa1, Kind.IDENTIFY_PACKET),
    READ_MULTIPLE(0xc4, Kind.READ_MULTIPLE),
    WRITE_MULTIPLE(0xc5, Kind.WRITE_MULTIPLE),
    SET_MULTIPLE(0xc6, Kind.SET_MULTIPLE),
    READ_DMA(0xc8, Kind.READ_DMA),
    READ_DMA_ONCE(0xc9, Kind.READ_DMA),
    WRITE_DMA(0xca, Kind.WRITE_DMA),
    WRITE_DMA_ONCE(0xcb, Kind.WRITE_DMA),
    STANDBY_NOW(0xe0, Kind.NOTHING),
    IDLE_NOW(0xe1, Kind.NOTHING),
    STANDBY(0xe2, Kind.NOTHING),
    IDLE(0xe3, Kind.NOTHING),
    CHECK_POWER(0xe5, Kind.CHECK_POWER),
    SLEEP(0xe6, Kind.NOTHING),
    FLUSH(0xe7, Kind.FLUSH),
    FLUSH_EXT(0xea, Kind.FLUSH),
    IDENTIFY(0xec, Kind.IDENTIFY),
    SET_FEATURES(0xef, Kind.SET_FEATURES),
    READ_NATIVE_MAX(0xf8, Kind.NATIVE_MAX);

    /** What carries a command out. */
    enum Kind {
        NOTHING,
        READ,
        READ_MULTIPLE,
        READ_DMA,
        WRITE,
        WRITE_MULTIPLE,
        WRITE_DMA,
        TRIM,
        VERIFY,
        SEEK,
        NATIVE_MAX,
        DIAGNOSTIC,
        SET_GEOMETRY,
        SET_MULTIPLE,
        CHECK_POWER,
        FLUSH,
        IDENTIFY,
        SET_FEATURES,
        PACKET,
        IDENTIFY_PACKET,
        DEVICE_RESET,
        /** No command at all. */
        UNKNOWN
    }

    private static final Command[] BY_CODE = new Command[256];

    static {
        for (Command command : values()) {
            BY_CODE[command.code] = command;
        }
        // The step rate in the low half of RECALIBRATE has been ignored since ATA-1.
        for (int code = 0x11; code <= 0x1f; code++) {
            BY_CODE[code] = RECALIBRATE;
        }
    }

    final int code;
    final Kind kind;
    /** 48-bit address and 16-bit count. */
    final boolean wide;

    Command(int code, Kind kind) {
        this(code, kind, false);
    }

    Command(int code, Kind kind, boolean wide) {
        this.code = code;
        this.kind = kind;
        this.wide = wide;
    }

    /** The command of a code, or null. */
    static Command of(int code) {
        return BY_CODE[code & 0xff];
    }
}
