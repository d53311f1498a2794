package proteus.io.emul.ata;

/** Why a packet command failed: sense key, additional code and qualifier in one number each (SFF-8020i, 9.8.20; MMC-3, annex F). */
enum Sense {
    NOTHING(0x0, 0x00, 0x00),
    READ_ERROR(0x3, 0x11, 0x00),
    NO_SUCH_COMMAND(0x5, 0x20, 0x00),
    OUT_OF_RANGE(0x5, 0x21, 0x00),
    BAD_FIELD(0x5, 0x24, 0x00),
    SAVING_UNSUPPORTED(0x5, 0x39, 0x00),
    REMOVAL_PREVENTED(0x5, 0x53, 0x02),
    NO_DISC(0x2, 0x3a, 0x00);

    final int key;
    final int code;
    final int qualifier;

    Sense(int key, int code, int qualifier) {
        this.key = key;
        this.code = code;
        this.qualifier = qualifier;
    }
}
