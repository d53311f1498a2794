package proteus.io.emul.ata;

/** Heads and sectors per track by which cylinder addresses are counted. */
record Geometry(int heads, int sectors) {
    /** What every disk of more than a few megabytes says of itself (ATA/ATAPI-6, 6.2). */
    static final Geometry USUAL = new Geometry(16, 63);

    int perCylinder() {
        return heads * sectors;
    }

    /** The sector's number, or -1 when there is none of that address. */
    long sector(int cylinder, int head, int sector) {
        return sector == 0 || sector > sectors || head >= heads ? -1 : ((long) cylinder * heads + head) * sectors + sector - 1;
    }
}
