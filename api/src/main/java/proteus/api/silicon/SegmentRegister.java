package proteus.api.silicon;

/**
 * A segment register with its hidden part.
 *
 * @param selector 0..0xffff
 * @param base linear base
 * @param limit limit in bytes, granularity applied, unsigned 32 bits
 * @param rights access rights in VMX format (SDM 3C, table 25-2): bits 3:0 type, 4 S, 6:5 DPL, 7 P, 12 AVL, 13 L, 14 D/B, 15 G, 16 unusable
 */
public record SegmentRegister(int selector, long base, long limit, int rights) {
    /** Bit 16 of the rights: unusable. */
    public static final int UNUSABLE = 1 << 16;

    public int type() {
        return rights & 0xf;
    }

    public int dpl() {
        return rights >> 5 & 3;
    }

    public boolean present() {
        return (rights & 1 << 7) != 0;
    }

    public boolean longMode() {
        return (rights & 1 << 13) != 0;
    }

    /** D/B: 32-bit default size. */
    public boolean big() {
        return (rights & 1 << 14) != 0;
    }

    public boolean unusable() {
        return (rights & UNUSABLE) != 0;
    }
}
