package proteus.x86.asm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Assembles again and again until no label moves. Unknown labels are first taken to be near by, so branches start short and
 * grow; after some passes a branch that has been long stays long, so that this ends.
 */
final class Passes implements Scope {
    private static final int STICKY_PASSES = 8, MAX_PASSES = 200;
    private static final int MAX_BYTES = 256 << 20;
    private static final int NOP = 0x90;
    private static final int LISTED_BYTES = 8;
    private static final int SHORT_BRANCH = 2;
    private static final HexFormat HEX = HexFormat.of().withUpperCase();

    private final List<Assembler.SourceLine> lines;
    private final int startBits;
    private long origin;

    private Map<String, Long> symbols = new HashMap<>();
    private final Set<String> definedNow = new HashSet<>();
    /** Branches that were long once, by their number. */
    private final BitSet longBranches = new BitSet();
    private boolean moved;
    private String unknown;
    private AssemblyException error;

    private byte[] out = new byte[256];
    private int length;
    private int mode;
    private boolean relative;
    private long here;
    private int pass;
    private int branch;

    Passes(List<Assembler.SourceLine> lines, int bits, long origin) {
        this.lines = lines;
        this.startBits = bits;
        this.origin = origin;
    }

    Assembly run() {
        List<String> listing = List.of();
        for (pass = 0; pass < MAX_PASSES; pass++) {
            listing = pass();
            // Unknown symbols are certain after one pass; all else may come right when labels have settled
            if (error != null && (!moved || unknown != null && pass > 0)) {
                throw error;
            }
            if (!moved) {
                return new Assembly(Arrays.copyOf(out, length), origin, symbols, listing);
            }
        }
        Assembler.SourceLine first = lines.get(0);
        throw error != null ? error : new AssemblyException(first.number(), first.text(), "the sizes of this source depend on each other in a circle");
    }

    private List<String> pass() {
        List<String> listing = new ArrayList<>(lines.size());
        moved = false;
        error = null;
        unknown = null;
        length = 0;
        mode = startBits;
        relative = false;
        branch = 0;
        definedNow.clear();
        for (Assembler.SourceLine line : lines) {
            int start = length;
            try {
                for (Statement statement : line.statements()) {
                    here = origin + length;
                    run(statement);
                }
            } catch (Problem e) {
                if (error == null) {
                    error = new AssemblyException(line.number(), line.text(), e.getMessage());
                }
            }
            listing.add(listed(line, start));
        }
        return listing;
    }

    private String listed(Assembler.SourceLine line, int start) {
        int count = length - start;
        String bytes = HEX.formatHex(out, start, start + Math.min(count, LISTED_BYTES)) + (count > LISTED_BYTES ? "+" + (count - LISTED_BYTES) : "");
        return String.format(Locale.ROOT, "%08X  %-20s  %s", origin + start, bytes, line.text()).stripTrailing();
    }

    @Override
    public long symbol(String name) {
        Long value = symbols.get(name);
        if (value != null) {
            return value;
        }
        if (pass > 0) {
            unknown = name;
            throw new Problem("\"" + name + "\" is not defined");
        }
        moved = true;
        return here;
    }

    @Override
    public long here() {
        return here;
    }

    @Override
    public long start() {
        return origin;
    }

    private void define(String name, long value) {
        if (!definedNow.add(name)) {
            throw new Problem("\"" + name + "\" is defined twice");
        }
        Long before = symbols.put(name, value);
        moved |= before == null || before != value;
    }

    private void run(Statement statement) {
        switch (statement) {
            case Statement.Label l -> define(l.name(), here);
            case Statement.Equ e -> define(e.name(), e.value().evaluate(this));
            case Statement.Bits b -> mode = b.mode();
            case Statement.Default d -> relative = d.relative();
            case Statement.Org o -> {
                if (length != 0) {
                    throw new Problem("org must come before all code");
                }
                long address = o.address().evaluate(this);
                moved |= address != origin;
                origin = address;
            }
            case Statement.Data d -> data(d);
            case Statement.Reserve r -> fill(count(r.count(), "resb") * r.bytes(), 0);
            case Statement.Align a -> align(a);
            case Statement.Times t -> {
                long count = count(t.count(), "times");
                for (long i = 0; i < count; i++) {
                    here = origin + length;
                    run(t.statement());
                }
            }
            case Statement.Code c -> code(c.instruction());
        }
    }

    /** A number of repetitions; before labels have settled it may be nonsense. */
    private long count(Expression expression, String what) {
        long count = expression.evaluate(this);
        if (count < 0 || count > MAX_BYTES) {
            throw new Problem(what + " " + count + " is not possible");
        }
        return count;
    }

    private void code(InstructionText instruction) {
        boolean isBranch = instruction.isBranch();
        int number = isBranch ? branch++ : -1;
        byte[] bytes = instruction.encode(this, mode, relative, isBranch && pass >= STICKY_PASSES && longBranches.get(number));
        if (isBranch && bytes.length > SHORT_BRANCH) {
            longBranches.set(number);
        }
        append(bytes);
    }

    private void data(Statement.Data data) {
        for (Statement.Item item : data.items()) {
            if (item.fixed() != null) {
                append(item.fixed());
                continue;
            }
            long value = item.expression().evaluate(this);
            int bits = data.bytes() * 8;
            if (bits < Long.SIZE && (value < -(1L << bits - 1) || value >= 1L << bits)) {
                throw new Problem("0x" + Long.toHexString(value) + " does not fit in " + bits + " bits");
            }
            byte[] bytes = new byte[data.bytes()];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) (i < Long.BYTES ? value >> 8 * i : value >> Long.SIZE - 1);
            }
            append(bytes);
        }
    }

    private void align(Statement.Align align) {
        long boundary = align.boundary().evaluate(this);
        if (boundary <= 0 || (boundary & boundary - 1) != 0) {
            throw new Problem("align needs a power of two");
        }
        long fill = align.fill() == null ? NOP : align.fill().evaluate(this);
        fill(-here & boundary - 1, (int) fill);
    }

    private void fill(long count, int value) {
        reserve(count);
        Arrays.fill(out, length, length + (int) count, (byte) value);
        length += (int) count;
    }

    private void append(byte[] bytes) {
        reserve(bytes.length);
        System.arraycopy(bytes, 0, out, length, bytes.length);
        length += bytes.length;
    }

    private void reserve(long count) {
        if (length + count > MAX_BYTES) {
            throw new Problem("more than " + (MAX_BYTES >> 20) + " MiB of code");
        }
        if (length + count > out.length) {
            out = Arrays.copyOf(out, (int) Math.min(MAX_BYTES, Math.max(length + count, out.length * 2L)));
        }
    }
}
