package proteus.mem.shadow;

/** One table that the hardware walks: 512 entries of 8 bytes in a frame of host memory. */
final class ShadowPage {
    static final int ENTRIES = 512;

    final long frame;
    /** The frame number of the guest's table, or of the first guest page that a direct table maps. */
    final long gfn;

    final int role;
    /** Entries of other shadow tables that lead here. */
    final Slots parents = new Slots();
    /** The next shadow of the same guest table. */
    ShadowPage next;
    /** How many entries are not empty. */
    int present;
    /** Emulated writes to the guest's table since its shadow was last used. */
    int writes;
    /** The guest's table is writable, and this one may differ from it. */
    boolean unsynced;
    /** The processor's root leads here directly. */
    boolean root;
    /** Dropped: its frame is free or another's. */
    boolean released;

    ShadowPage(long frame, long gfn, int role) {
        this.frame = frame;
        this.gfn = gfn;
        this.role = role;
    }

    static long key(long gfn, int role) {
        return gfn << Role.BITS | role;
    }

    int level() {
        return Role.level(role);
    }

    boolean direct() {
        return Role.direct(role);
    }

    long slot(int index) {
        return frame + 8L * index;
    }
}
