package proteus.io.emul.ata;

/** What SET FEATURES chose for transfers: modes up to PIO 4 and multiword DMA 2; a PIIX3 has no Ultra DMA. */
final class TransferMode {
    private static final int PIO_DEFAULT = 0x01;
    private static final int PIO = 0x08;
    private static final int MULTIWORD = 0x20;
    private static final int MULTIWORD_MOST = 2;

    private int multiword = -1;

    void reset() {
        multiword = -1;
    }

    /** False when there is no such mode. */
    boolean select(int mode) {
        if (mode <= PIO_DEFAULT || mode >= PIO && mode <= PIO + 4) {
            return true;
        }
        if (mode >= MULTIWORD && mode <= MULTIWORD + MULTIWORD_MOST) {
            multiword = mode - MULTIWORD;
            return true;
        }
        return false;
    }

    /** Selected multiword DMA mode, or -1. */
    int multiword() {
        return multiword;
    }

    void load(int saved) {
        multiword = Math.clamp(saved, -1, MULTIWORD_MOST);
    }
}
