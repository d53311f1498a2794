package proteus.conform.cases;

import proteus.conform.state.Cases;

/** Random x87, MXCSR and vector registers, as FXSAVE and XSAVE would store them. */
final class VectorState {
    /** What the elements of vector registers look like. */
    enum Elements { INTEGERS, SINGLES, DOUBLES }

    private static final int DEFAULT_FCW = 0x37f, EXCEPTIONS = 0x3f, SUMMARY = 0x80, BUSY = 0x8000;
    private static final int MASKS = 0x1f80, FTZ = 0x8000, DAZ = 0x40;
    private static final int RESERVED_CONTROL = 0x40;
    private static final int REGISTERS = 16;

    private VectorState() {}

    /** @param mmx registers of the x87 hold integers, as MMX leaves them */
    static void fill(Edges edges, Cases cases, long at, Elements elements, boolean mmx, boolean upper) {
        x87(edges, cases, at, mmx);
        cases.setInt(at + Cases.MXCSR, mxcsr(edges));
        for (int i = 0; i < REGISTERS; i++) {
            for (int half = 0; half < 2; half++) {
                cases.set(at + Cases.XMM + 16 * i + 8 * half, element(edges, elements));
                cases.set(at + Cases.UPPER + 16 * i + 8 * half, upper ? element(edges, elements) : 0);
            }
        }
        cases.set(at + Cases.HEADER, 7);
    }

    static long element(Edges edges, Elements elements) {
        return switch (elements) {
            case INTEGERS -> edges.integer();
            case SINGLES -> edges.twoSingles();
            case DOUBLES -> edges.real();
        };
    }

    static int mxcsr(Edges edges) {
        int value = MASKS | edges.random.nextInt(4) << 13;
        if (edges.oneIn(3)) {
            value |= edges.random.nextInt(0x40) & ~DAZ;
        }
        if (edges.oneIn(6)) {
            value |= FTZ;
        }
        if (edges.oneIn(6)) {
            value |= DAZ;
        }
        if (edges.oneIn(12)) {
            value &= ~(1 << 7 + edges.random.nextInt(6));
        }
        return value;
    }

    private static void x87(Edges edges, Cases cases, long at, boolean mmx) {
        int control = DEFAULT_FCW;
        if (edges.oneIn(2)) {
            control = control & ~0xf00 | edges.random.nextInt(16) << 8;
        }
        if (edges.oneIn(10)) {
            control &= ~(1 << edges.random.nextInt(6));
        }
        control |= RESERVED_CONTROL;
        int top = edges.oneIn(2) ? 0 : edges.random.nextInt(8);
        int status = top << 11 | (edges.oneIn(2) ? edges.random.nextInt(0x8) << 8 | edges.random.nextInt(2) << 14 : 0);
        if (edges.oneIn(4)) {
            status |= edges.random.nextInt(0x80);
            if (!edges.oneIn(5)) {
                status &= ~(EXCEPTIONS & ~control);
            }
        }
        if ((status & EXCEPTIONS & ~control) != 0) {
            status |= SUMMARY | BUSY;
        }
        int tags = edges.oneIn(3) ? edges.random.nextInt(256) : edges.oneIn(3) ? 0xff : edges.oneIn(8) ? 0 : 0xff & ~(1 << edges.random.nextInt(8));
        cases.setShort(at + Cases.FCW, control);
        cases.setShort(at + Cases.FSW, status);
        cases.setShort(at + Cases.FTW, tags);
        cases.setShort(at + Cases.FOP, edges.oneIn(2) ? 0 : edges.random.nextInt(0x800));
        cases.set(at + Cases.FIP, edges.random.nextInt() & 0x7fff_ffffL);
        cases.set(at + Cases.FDP, edges.random.nextInt() & 0x7fff_ffffL);
        for (int i = 0; i < 8; i++) {
            int kind = edges.extendedKind();
            long register = at + Cases.ST + 16 * i;
            cases.set(register, mmx ? edges.integer() : edges.significand(kind));
            cases.set(register + 8, mmx ? 0xffff : edges.exponent(kind));
        }
    }
}
