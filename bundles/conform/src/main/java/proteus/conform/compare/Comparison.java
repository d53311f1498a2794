package proteus.conform.compare;

import static proteus.conform.state.Cases.*;

import proteus.conform.cases.Family;
import proteus.conform.cases.Sample;
import proteus.conform.state.Cases;
import proteus.conform.state.Mode;
import proteus.conform.state.Window;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** Compares what became of a case on the host with what became of it on the model. */
public final class Comparison {
    /** What {@link #compare} answers. */
    public enum Verdict { AGREE, DIFFER, UNDEFINED }

    private static final long FLAGS = 0x8d5 | 0x100 | 0x400 | 0x4000 | 0x4_0000 | 0x20_0000;
    private static final int RSP = 4, CS = 1;
    private static final long LOW_32 = 0xffff_ffffL;
    private static final int PAGE_FAULT = 14, DEBUG = 1, BREAKPOINT = 3, OVERFLOW = 4, PRESENT = 1;
    private static final long USER_END = 0x0000_7fff_ffff_f000L;
    /** Bits of an address that processors with 48 and with 57 bits of linear address treat differently (SDM vol. 1, 8.1.8: the pointers have as many). */
    private static final int UNUSED = 16;
    /** In the first eight bytes of the image. */
    private static final long C1 = 1L << 9 + 16, TOP = 0x3800L << 16, TAGS = 0xffL << 32;

    private final boolean upper;
    private String where = "";
    private boolean memoryOpen;
    private long host, model;

    /** @param upper whether upper halves of YMM registers are compared */
    public Comparison(boolean upper) {
        this.upper = upper;
    }

    /** Where the first difference is. */
    public String where() {
        return where;
    }

    /** Whether memory was left different, since the manual leaves it open. */
    public boolean memoryOpen() {
        return memoryOpen;
    }

    public long host() {
        return host;
    }

    public long model() {
        return model;
    }

    /**
     * Compares.
     *
     * @param cases state before and what the host made of it
     * @param mine what the model made of it, side "after" of case 0
     */
    public Verdict compare(Sample sample, Cases cases, int i, Cases mine) {
        Instruction in = sample.decoded;
        memoryOpen = false;
        long before = Cases.before(i);
        long theirs = Cases.after(i);
        long ours = Cases.after(0);
        normalize(sample, cases, theirs, mine, ours);
        boolean completed = cases.get(theirs + FAULT) == 0 && mine.get(ours + FAULT) == 0;
        if (completed ? Undefined.result(in, cases, before, theirs) : Undefined.faults(in)) {
            return Verdict.UNDEFINED;
        }
        long flags = FLAGS & ~(completed ? Undefined.flags(in, cases, before) : 0);
        long fault = cases.get(theirs + FAULT) - 1;
        long myFault = mine.get(ours + FAULT) - 1;
        boolean same = (Undefined.eitherFault(in, fault, myFault) || equal("fault", fault, myFault)) && equal("error code", cases.get(theirs + ERROR), mine.get(ours + ERROR))
            && equal("fault address", cases.get(theirs + ADDRESS), mine.get(ours + ADDRESS)) && equal("RIP", cases.get(theirs + RIP), mine.get(ours + RIP))
            && equal("RFLAGS", cases.get(theirs + RFLAGS) & flags, mine.get(ours + RFLAGS) & flags) && gprs(sample, completed, cases, theirs, mine, ours)
            && memory(!completed && Undefined.storeAfterFault(sample), cases, before, theirs, mine, ours)
            && (!sample.family.vectors() || vectors(sample, completed, cases, before, theirs, mine, ours));
        return same ? Verdict.AGREE : Verdict.DIFFER;
    }

    /** Brings what the host's signal frame says into the form of the model's exit. */
    private static void normalize(Sample sample, Cases cases, long theirs, Cases mine, long ours) {
        long fault = cases.get(theirs + FAULT) - 1;
        if (fault == BREAKPOINT && sample.family.branches()) {
            // the branch went to a breakpoint, which trapped behind it
            cases.set(theirs + FAULT, 0);
            cases.set(theirs + RIP, cases.get(theirs + RIP) - 1);
        } else if (fault == DEBUG && cases.get(theirs + RIP) >= Window.STUB) {
            // the case has set TF, and the trap came behind the jump out
            cases.set(theirs + FAULT, 0);
            cases.set(theirs + RIP, sample.offset() + sample.length);
            cases.setShort(theirs + SELECTORS + 2 * CS, sample.mode.code.selector());
        } else if (fault == OVERFLOW) {
            // INTO traps behind itself; the model's exit tells the instruction and its length
            cases.set(theirs + RIP, cases.get(theirs + RIP) - sample.length);
        } else if (fault < 0) {
            cases.set(theirs + RIP, sample.offset() + sample.length);
        }
        // CR2 and the error code are those of an earlier fault where this one has none
        fault = cases.get(theirs + FAULT) - 1;
        if (fault != PAGE_FAULT) {
            cases.set(theirs + ADDRESS, 0);
        }
        if (mine.get(ours + FAULT) - 1 != PAGE_FAULT) {
            mine.set(ours + ADDRESS, 0);
        }
        if (fault < 0 || !hasErrorCode(fault)) {
            cases.set(theirs + ERROR, 0);
        }
        if (!hasErrorCode(mine.get(ours + FAULT) - 1)) {
            mine.set(ours + ERROR, 0);
        }
        long address = cases.get(theirs + ADDRESS);
        if (fault == PAGE_FAULT && Long.compareUnsigned(address, USER_END) >= 0) {
            // Linux does not tell programs which of its own pages exist
            mine.set(ours + ERROR, mine.get(ours + ERROR) | PRESENT);
        }
    }

    private static boolean hasErrorCode(long vector) {
        return vector == 8 || vector >= 10 && vector <= 14 || vector == 17;
    }

    private boolean equal(String what, long a, long b) {
        if (a == b) {
            return true;
        }
        where = what;
        host = a;
        model = b;
        return false;
    }

    private boolean gprs(Sample sample, boolean completed, Cases cases, long theirs, Cases mine, long ours) {
        Mode mode = sample.mode;
        boolean open = !completed && Undefined.registersAfterFault(sample.decoded);
        for (int s = 0; s < States.SELECTOR_NAMES.length && sample.segmented; s++) {
            int a = cases.getShort(theirs + SELECTORS + 2 * s);
            int b = mine.getShort(ours + SELECTORS + 2 * s);
            if (a != b) {
                return equal(States.SELECTOR_NAMES[s], a, b);
            }
        }
        boolean narrowed = sample.segmented && Undefined.upperHalves(mode, cases.getShort(theirs + SELECTORS + 2 * CS));
        for (int r = 0; r < (mode.isLong() ? 16 : 8); r++) {
            long defined = mode.registerMask() & (narrowed ? LOW_32 : -1);
            long a = cases.get(theirs + GPRS + 8 * r) & defined;
            long b = mine.get(ours + GPRS + 8 * r) & defined;
            if (a != b && (!open || r == RSP)) {
                return equal(States.GPR_NAMES[r], a, b);
            }
        }
        return true;
    }

    private boolean memory(boolean open, Cases cases, long before, long theirs, Cases mine, long ours) {
        long lengths = cases.get(before + LENGTH_0) + cases.get(before + LENGTH_1);
        for (long at = 0; at < lengths; at += 8) {
            long a = cases.get(theirs + MEMORY + at);
            long b = mine.get(ours + MEMORY + at);
            memoryOpen |= open && a != b;
            if (a != b && !(open && inPart(a, b, cases.get(before + MEMORY + at)))) {
                boolean second = at >= cases.get(before + LENGTH_0);
                long address = second ? cases.get(before + PIECE_1) + at - cases.get(before + LENGTH_0) : cases.get(before + PIECE_0) + at;
                return equal("memory at 0x%x".formatted(address), a, b);
            }
        }
        return true;
    }

    private boolean vectors(Sample sample, boolean completed, Cases cases, long before, long theirs, Cases mine, long ours) {
        Instruction in = sample.decoded;
        boolean openState = !completed && Undefined.stateAfterFault(in);
        int units = Tolerance.units(in.mnemonic);
        long a = cases.get(theirs);
        long b = mine.get(ours);
        long status = units > 0 ? ~C1 : openState ? ~(TOP | TAGS) : -1;
        if (((a ^ b) & status & 0x07ff_00ff_ffff_ffffL) != 0) {
            return equal("FCW, FSW, tags, FOP", a, b);
        }
        if (!equal("FIP", cases.get(theirs + FIP) << UNUSED, mine.get(ours + FIP) << UNUSED)
            || !equal("FDP", cases.get(theirs + FDP) << UNUSED, mine.get(ours + FDP) << UNUSED)
            || !equal("MXCSR", cases.getInt(theirs + MXCSR), mine.getInt(ours + MXCSR))) {
            return false;
        }
        // registers by their own number where the tops of the stacks may differ
        int turn = openState ? (cases.getShort(theirs + FSW) >> 11) - (mine.getShort(ours + FSW) >> 11) : 0;
        for (int i = 0; i < 8; i++) {
            long at = ST + 16 * i;
            long myAt = ST + 16 * (i + turn & 7);
            long significand = cases.get(theirs + at);
            long mySignificand = mine.get(ours + myAt);
            int tag = cases.getShort(theirs + at + 8);
            int myTag = mine.getShort(ours + myAt + 8);
            if ((significand != mySignificand || tag != myTag) && !Tolerance.close(tag, significand, myTag, mySignificand, units)) {
                return significand != mySignificand ? equal("ST%d significand".formatted(i), significand, mySignificand) : equal("ST%d sign, exponent".formatted(i), tag, myTag);
            }
        }
        for (int i = 0; i < 32; i++) {
            long x = cases.get(theirs + XMM + 8 * i);
            long y = mine.get(ours + XMM + 8 * i);
            boolean openElement = !completed && Undefined.elementAfterFault(sample, i >> 1);
            if (x != y && !Tolerance.approximate(in.mnemonic, x, y) && !(openElement && doneOrNot(x, y, cases.get(before + XMM + 8 * i)))) {
                return equal("XMM%d %s".formatted(i >> 1, (i & 1) == 0 ? "low" : "high"), x, y);
            }
        }
        for (int i = 0; i < 32 && upper; i++) {
            long x = cases.get(theirs + UPPER + 8 * i);
            long y = mine.get(ours + UPPER + 8 * i);
            boolean openElement = !completed && Undefined.elementAfterFault(sample, i >> 1);
            if (x != y && !Tolerance.approximate(in.mnemonic, x, y) && !(openElement && doneOrNot(x, y, cases.get(before + UPPER + 8 * i)))) {
                return equal("YMM%d upper %s".formatted(i >> 1, (i & 1) == 0 ? "low" : "high"), x, y);
            }
        }
        return true;
    }

    /** Whether two elements of 32 bits, or one of 64, are the same but that one side has not got to it. */
    private static boolean doneOrNot(long host, long model, long before) {
        return halfDoneOrNot((int) host, (int) model, (int) before) && halfDoneOrNot((int) (host >> 32), (int) (model >> 32), (int) (before >> 32));
    }

    /** Whether each byte is the same, or as before on one side. */
    private static boolean inPart(long host, long model, long before) {
        for (int i = 0; i < 64; i += 8) {
            byte a = (byte) (host >> i);
            byte b = (byte) (model >> i);
            byte old = (byte) (before >> i);
            if (a != b && a != old && b != old) {
                return false;
            }
        }
        return true;
    }

    private static boolean halfDoneOrNot(int host, int model, int before) {
        return host == model || host == before || model == before;
    }

    /** Names for reports. */
    static final class States {
        static final String[] SELECTOR_NAMES = {"ES", "CS", "SS", "DS", "FS", "GS"};
        static final String[] GPR_NAMES = {"RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15"};

        private States() {}
    }
}
