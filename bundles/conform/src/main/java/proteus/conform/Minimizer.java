package proteus.conform;

import static proteus.conform.state.Cases.*;

import java.util.HexFormat;
import proteus.conform.cases.Reach;
import proteus.conform.cases.Sample;
import proteus.conform.compare.Comparison;
import proteus.conform.compare.Comparison.Verdict;
import proteus.conform.state.Cases;
import proteus.conform.state.Window;
import proteus.x86.disasm.Disassembler;

/** Makes a differing case simpler as long as the same thing differs, and describes it. */
final class Minimizer {
    private static final String[] GPR = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"};
    private static final String[] SELECTOR = {"es", "cs", "ss", "ds", "fs", "gs"};
    private static final long[] SIMPLE = {0, 1, -1};
    private static final long QUIET = 0x202;

    private final Bench bench;
    private final Cases trial = new Cases(1);
    private String where;

    Minimizer(Bench bench) {
        this.bench = bench;
    }

    Difference minimize(Sample sample, Cases cases, int i) {
        where = bench.comparison().where();
        long host = bench.comparison().host();
        long model = bench.comparison().model();
        trial.copyBefore(cases, i, 0);
        if (!differs(sample)) {
            // it depended on what earlier cases left in memory
            trial.copyBefore(cases, i, 0);
            bench.check(sample, cases, i);
            return describe(sample, cases, i, where + " (not alone)", host, model);
        }
        simplify(sample, RFLAGS, 8, QUIET);
        for (int r = 0; r < 16; r++) {
            simplify(sample, GPRS + 8 * r, 8, SIMPLE);
        }
        for (long at = 0; at < trial.get(LENGTH_0) + trial.get(LENGTH_1); at += 8) {
            simplify(sample, MEMORY + at, 8, SIMPLE);
        }
        if (sample.family.vectors()) {
            simplify(sample, MXCSR, 4, 0x1f80);
            simplify(sample, FCW, 2, 0x37f);
            simplify(sample, FSW, 2, 0);
            simplify(sample, FTW, 2, 0, 0xff);
            simplify(sample, FOP, 2, 0);
            simplify(sample, FIP, 8, 0);
            simplify(sample, FDP, 8, 0);
            for (int r = 0; r < 8; r++) {
                simplify(sample, ST + 16 * r, 8, 0, 1L << 63);
                simplify(sample, ST + 16 * r + 8, 2, 0, 0x3fff);
            }
            for (int r = 0; r < 32; r++) {
                simplify(sample, XMM + 8 * r, 8, 0);
                simplify(sample, UPPER + 8 * r, 8, 0);
            }
        }
        differs(sample);
        Comparison last = bench.comparison();
        return describe(sample, trial, 0, last.where(), last.host(), last.model());
    }

    private void simplify(Sample sample, long at, int bytes, long... simpler) {
        long old = get(at, bytes);
        for (long value : simpler) {
            if (value == old) {
                return;
            }
            set(at, bytes, value);
            if (differs(sample)) {
                return;
            }
        }
        set(at, bytes, old);
    }

    private long get(long at, int bytes) {
        return bytes == 8 ? trial.get(at) : bytes == 4 ? trial.getInt(at) : trial.getShort(at);
    }

    private void set(long at, int bytes, long value) {
        if (bytes == 8) {
            trial.set(at, value);
        } else if (bytes == 4) {
            trial.setInt(at, (int) value);
        } else {
            trial.setShort(at, (int) value);
        }
    }

    private boolean differs(Sample sample) {
        if (!Reach.confined(sample, trial, 0)) {
            return false;
        }
        bench.resetData();
        bench.runHost(trial, 0, 1);
        return bench.check(sample, trial, 0) == Verdict.DIFFER && bench.comparison().where().equals(where);
    }

    Difference describe(Sample sample, Cases cases, int i, String what, long host, long model) {
        byte[] bytes = java.util.Arrays.copyOf(sample.bytes, sample.length);
        String text = new Disassembler().line(k -> k < sample.bytes.length ? sample.bytes[k] & 0xff : 0, sample.mode.bits, sample.offset()).text();
        return new Difference(text, HexFormat.ofDelimiter(" ").formatHex(bytes), what, host, model, states(sample, cases, i));
    }

    // ---- description

    private String states(Sample sample, Cases cases, int i) {
        StringBuilder text = new StringBuilder();
        long before = Cases.before(i);
        side(text, "before", sample, cases, before, cases, before, cases, before);
        side(text, "host  ", sample, cases, Cases.after(i), cases, before, cases, before);
        side(text, "model ", sample, bench.mine(), Cases.after(0), cases, before, cases, before);
        return text.toString();
    }

    /** The state before in full but for zeros, the states after as far as they differ from it. */
    private static void side(StringBuilder text, String title, Sample sample, Cases from, long at, Cases cases, long before, Cases pieces, long pieceAt) {
        boolean first = at == before;
        text.append("      ").append(title).append(':');
        if (!first) {
            long fault = from.get(at + FAULT) - 1;
            text.append(fault < 0 ? " completed" : " vector %d error 0x%x address 0x%x".formatted(fault, from.get(at + ERROR), from.get(at + ADDRESS)));
        }
        one(text, "rip", from.get(at + RIP), first ? 0 : cases.get(before + RIP));
        one(text, "rflags", from.get(at + RFLAGS), first ? 0 : cases.get(before + RFLAGS));
        for (int s = 0; s < SELECTOR.length && sample.segmented; s++) {
            one(text, SELECTOR[s], from.getShort(at + SELECTORS + 2 * s), first ? 0 : cases.getShort(before + SELECTORS + 2 * s));
        }
        for (int r = 0; r < (sample.mode.isLong() ? 16 : 8); r++) {
            one(text, GPR[r], from.get(at + GPRS + 8 * r), first ? 0 : cases.get(before + GPRS + 8 * r));
        }
        if (sample.family.vectors()) {
            one(text, "fcw", from.getShort(at + FCW), first ? 0 : cases.getShort(before + FCW));
            one(text, "fsw", from.getShort(at + FSW), first ? 0 : cases.getShort(before + FSW));
            one(text, "tags", from.getByte(at + FTW), first ? 0 : cases.getByte(before + FTW));
            one(text, "fop", from.getShort(at + FOP), first ? 0 : cases.getShort(before + FOP));
            one(text, "fip", from.get(at + FIP), first ? 0 : cases.get(before + FIP));
            one(text, "fdp", from.get(at + FDP), first ? 0 : cases.get(before + FDP));
            one(text, "mxcsr", from.getInt(at + MXCSR), first ? 0 : cases.getInt(before + MXCSR));
            for (int r = 0; r < 8; r++) {
                wide(text, "st" + r, from.getShort(at + ST + 16 * r + 8), from.get(at + ST + 16 * r), cases.getShort(before + ST + 16 * r + 8),
                    cases.get(before + ST + 16 * r), first);
            }
            for (int r = 0; r < 16; r++) {
                wide(text, "xmm" + r, from.get(at + XMM + 16 * r + 8), from.get(at + XMM + 16 * r), cases.get(before + XMM + 16 * r + 8), cases.get(before + XMM + 16 * r),
                    first);
            }
        }
        long length = pieces.get(pieceAt + LENGTH_0);
        for (long k = 0; k < length + pieces.get(pieceAt + LENGTH_1); k += 8) {
            long address = k < length ? pieces.get(pieceAt + PIECE_0) + k : pieces.get(pieceAt + PIECE_1) + k - length;
            long value = from.get(at + MEMORY + k);
            if (first ? value != 0 : value != cases.get(before + MEMORY + k)) {
                text.append(" [%x]=%x".formatted(address, value));
            }
        }
        text.append('\n');
    }

    private static void one(StringBuilder text, String name, long value, long old) {
        if (value != old) {
            text.append(' ').append(name).append('=').append(Long.toHexString(value));
        }
    }

    private static void wide(StringBuilder text, String name, long high, long low, long oldHigh, long oldLow, boolean first) {
        if (first ? (high | low) != 0 : high != oldHigh || low != oldLow) {
            text.append(' ').append(name).append('=').append(Long.toHexString(high)).append(':').append(Long.toHexString(low));
        }
    }
}
