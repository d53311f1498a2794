package proteus.conform.cases;

import static proteus.conform.state.Window.MOST_JITTER;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import proteus.conform.state.Mode;
import proteus.conform.state.Segments;
import proteus.conform.state.Window;
import proteus.x86.decode.Decoder;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** Random instances of the forms of a family. */
public final class Samples {
    private static final int MOST = Instruction.MAX_LENGTH;
    private static final int LOCK = 0xf0, ADDRESS_SIZE = 0x67, VEX_3 = 0xc4, VEX_2 = 0xc5;
    /** Segment overrides that mean nothing in 64-bit mode, and GS, whose base is 0 on both sides. */
    private static final int[] SEGMENTS = {0x26, 0x2e, 0x36, 0x3e, 0x65}, ALL_SEGMENTS = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};
    private static final int SIB = 4, NO_BASE = 5, NO_INDEX = 4, NO_BASE_16 = 6;
    private static final int STACK_POINTER = 4, NEAR = 1000;
    private static final int FS = 4, UNDEFINED_BYTES = 4;
    private static final int RIP_OR_SIB_TRIES = 200;
    /** Register 7, which all modes have. */
    private static final int PROBED_VVVV = 8;

    private final Family family;
    private final Mode mode;
    private final List<Mnemonic> mnemonics;
    private final Map<Mnemonic, List<Form>> forms;
    private final Edges edges;
    private final byte[] bytes = new byte[48];
    private final Instruction decoded = new Instruction();
    private int displacementAt;

    /** @param features that both processors have */
    public Samples(Family family, Mode mode, Set<String> features, long seed, String pattern) {
        this.family = family;
        this.mode = mode;
        forms = CatalogueHolder.of(mode, features).of(family);
        mnemonics = new ArrayList<>(forms.keySet().stream().filter(m -> m.name().matches(pattern)).toList());
        edges = new Edges(seed);
    }

    /** One catalogue per mode and set of features. */
    private static final class CatalogueHolder {
        private static Set<String> features = Set.of();
        private static final Map<Mode, Catalogue> catalogues = new EnumMap<>(Mode.class);

        static synchronized Catalogue of(Mode mode, Set<String> wanted) {
            if (!wanted.equals(features)) {
                features = Set.copyOf(wanted);
                catalogues.clear();
            }
            return catalogues.computeIfAbsent(mode, m -> new Catalogue(m, features));
        }
    }

    public boolean isEmpty() {
        return family != Family.UNDEFINED && mnemonics.isEmpty();
    }

    /** How many instructions and forms there are. */
    public int instructions() {
        return mnemonics.size();
    }

    public int forms() {
        return mnemonics.stream().mapToInt(m -> forms.get(m).size()).sum();
    }

    /** An instance for a slot. */
    public Sample next(int slot) {
        if (family == Family.UNDEFINED) {
            return undefined(slot);
        }
        Mnemonic mnemonic = mnemonics.get(edges.random.nextInt(mnemonics.size()));
        List<Form> candidates = forms.get(mnemonic);
        for (int tries = 0; tries < RIP_OR_SIB_TRIES; tries++) {
            Form form = candidates.get(edges.random.nextInt(candidates.size()));
            int start = edges.random.nextInt(MOST_JITTER);
            long address = Window.slot(slot) + start;
            int length = write(form, address);
            if (length > 0 && length <= MOST && decoded.mnemonic == form.mnemonic()) {
                return new Sample(family, mode, Arrays.copyOf(bytes, MOST), length, slot, start, address);
            }
        }
        throw new IllegalStateException("no instance of " + mnemonic + " could be made");
    }

    /** Writes a random instance and decodes it; answers its length. */
    private int write(Form form, long address) {
        int at = 0;
        boolean narrow = false;
        if (edges.oneIn(mode.isLong() ? 20 : 5)) {
            bytes[at++] = (byte) segmentPrefix();
        }
        if ((form.memory() || form.family() == Family.STRING || form.mnemonic() == Mnemonic.JCXZ || form.mnemonic() == Mnemonic.XLAT) && edges.oneIn(mode.isLong() ? 12 : 4)
            || form.family() == Family.CONTROL && edges.oneIn(12)) {
            bytes[at++] = (byte) ADDRESS_SIZE;
            narrow = true;
        }
        if (form.lockable() && edges.oneIn(3)) {
            bytes[at++] = (byte) LOCK;
        }
        int extension = !mode.isLong() || edges.oneIn(3) ? 0 : edges.random.nextInt(8);
        int modrm = form.modrms()[edges.random.nextInt(form.modrms().length)];
        if (fixedRegister(form, modrm)) {
            extension &= ~4;
        }
        at = form.vex() ? vex(form, at, extension) : legacy(form, at, extension);
        bytes[at++] = (byte) form.opcode();
        int tail = at;
        displacementAt = -1;
        if (form.modrm()) {
            boolean address16 = mode == Mode.SIXTEEN && !narrow || mode == Mode.PROTECTED && narrow;
            tail = !form.memory() ? at + 1 : address16 ? memory16(at, modrm) : memory(form, at, modrm);
            if (!form.memory()) {
                bytes[at] = (byte) modrm;
            }
        }
        for (int i = tail; i < bytes.length; i += 8) {
            long random = edges.oneIn(3) ? edges.integer() : edges.random.nextLong();
            for (int k = 0; k < 8 && i + k < bytes.length; k++) {
                bytes[i + k] = (byte) (random >> 8 * k);
            }
        }
        bound(form, tail);
        int length = decode();
        if (length == Decoder.TOO_LONG || decoded.mnemonic == Mnemonic.INVALID) {
            return 0;
        }
        return aim(form, address, length);
    }

    /** Whether ModRM.reg says what the instruction is: then REX.R only means something for some, and is left alone. */
    private static boolean fixedRegister(Form form, int modrm) {
        for (int other : form.modrms()) {
            if ((other >> 3 & 7) != (modrm >> 3 & 7)) {
                return false;
            }
        }
        return true;
    }

    private int segmentPrefix() {
        int[] prefixes = mode.isLong() ? SEGMENTS : ALL_SEGMENTS;
        return prefixes[edges.random.nextInt(prefixes.length)];
    }

    private int legacy(Form form, int from, int extension) {
        int at = from;
        if (form.prefix() != 0) {
            bytes[at++] = (byte) form.prefix();
        }
        if (!mode.isLong()) {
            return Catalogue.escape(bytes, at, form.map());
        }
        int rex = 0x40 | (form.wide() ? 8 : 0) | extension;
        if (rex != 0x40 || edges.oneIn(6)) {
            bytes[at++] = (byte) rex;
        }
        return Catalogue.escape(bytes, at, form.map());
    }

    private int vex(Form form, int from, int extension) {
        int at = from;
        int vvvv = !usesVvvv(form) ? 15 : mode.isLong() ? edges.random.nextInt(16) : edges.random.nextInt(8, 16);
        int last = (form.wide() ? 0x80 : 0) | vvvv << 3 | form.length() << 2 | Catalogue.pp(form.prefix());
        if (form.map() == 1 && (extension & 3) == 0 && !form.wide() && edges.oneIn(2)) {
            bytes[at++] = (byte) VEX_2;
            bytes[at++] = (byte) (((extension & 4) == 0 ? 0x80 : 0) | last & 0x7f);
        } else {
            bytes[at++] = (byte) VEX_3;
            bytes[at++] = (byte) (~extension << 5 & 0xe0 | form.map());
            bytes[at++] = (byte) last;
        }
        return at;
    }

    /** Whether VEX.vvvv may be something else than all ones: the decoder knows. */
    private boolean usesVvvv(Form form) {
        byte[] probe = new byte[16];
        probe[0] = (byte) VEX_3;
        probe[1] = (byte) (0xe0 | form.map());
        probe[2] = (byte) ((form.wide() ? 0x80 : 0) | PROBED_VVVV << 3 | form.length() << 2 | Catalogue.pp(form.prefix()));
        probe[3] = (byte) form.opcode();
        probe[4] = (byte) form.modrms()[0];
        Decoder.decode(i -> probe[i] & 0xff, mode.bits, decoded);
        return decoded.mnemonic == form.mnemonic();
    }

    /** ModRM, SIB and displacement of a memory operand; answers what comes next. */
    private int memory(Form form, int from, int modrm) {
        int at = from;
        int mod = edges.random.nextInt(3);
        int rm = form.sibOnly() ? SIB : edges.random.nextInt(8);
        bytes[at++] = (byte) (mod << 6 | modrm & 0x38 | rm);
        int base = rm;
        if (rm == SIB) {
            int index = !form.sibOnly() && edges.oneIn(4) ? NO_INDEX : edges.random.nextInt(8);
            base = edges.random.nextInt(8);
            bytes[at++] = (byte) (edges.random.nextInt(4) << 6 | index << 3 | base);
        }
        boolean wide = mod == 2 || mod == 0 && base == NO_BASE;
        if (mod == 0 && base == NO_BASE) {
            displacementAt = at;
        }
        if (wide || mod == 1) {
            long displacement = edges.oneIn(3) ? edges.integer() : edges.random.nextInt(-300, 300);
            for (int i = 0; i < (wide ? 4 : 1); i++) {
                bytes[at++] = (byte) (displacement >> 8 * i);
            }
        }
        return at;
    }

    /** The same with 16-bit addresses (SDM vol. 2A, table 2-1). */
    private int memory16(int from, int modrm) {
        int at = from;
        int mod = edges.random.nextInt(3);
        int rm = edges.random.nextInt(8);
        bytes[at++] = (byte) (mod << 6 | modrm & 0x38 | rm);
        boolean absolute = mod == 0 && rm == NO_BASE_16;
        if (absolute) {
            displacementAt = at;
        }
        int displacement = edges.oneIn(3) ? (int) edges.integer() : edges.random.nextInt(-300, 300);
        for (int i = 0; i < (mod == 2 || absolute ? 2 : mod); i++) {
            bytes[at++] = (byte) (displacement >> 8 * i);
        }
        return at;
    }

    /** Immediates that must stay within bounds. */
    private void bound(Form form, int tail) {
        if (form.mnemonic() == Mnemonic.ENTER) {
            // the allocation must end inside the guards
            bytes[tail] = (byte) edges.random.nextInt();
            bytes[tail + 1] = (byte) edges.random.nextInt(2);
            bytes[tail + 2] = (byte) (edges.oneIn(2) ? 0 : edges.oneIn(3) ? edges.random.nextInt() : edges.random.nextInt(5));
        } else if ((form.mnemonic() == Mnemonic.RET || form.mnemonic() == Mnemonic.RET_FAR) && !form.modrm()) {
            bytes[tail + 1] = (byte) edges.random.nextInt(2);
        }
    }

    /** Directs addresses that no register decides and branch distances to where they may go; answers the length, or 0 if that cannot be. */
    private int aim(Form form, long address, int length) {
        if (decoded.operandCount > 0 && decoded.kind[0] == Instruction.RELATIVE) {
            return branch(address, length);
        }
        if (decoded.operandCount > 0 && decoded.kind[0] == Instruction.FAR_POINTER) {
            int offsetBytes = decoded.operandSize >> 3;
            int selector = Places.selector(edges, true);
            if (offsetBytes == 2 && Segments.isLongCode(selector)) {
                return 0; // nothing of 64-bit code lies so low
            }
            put(length - 2 - offsetBytes, Places.farOffset(edges, selector), offsetBytes);
            put(length - 2, selector, 2);
            decode();
            return length;
        }
        for (int i = 0; i < decoded.operandCount; i++) {
            if (decoded.kind[i] == Instruction.MEMORY && decoded.mod < 0 && form.mnemonic() == Mnemonic.MOV) {
                // moffs: the address is what stands behind the opcode
                long target = absolute(Places.focus(edges, decoded.size[i] >> 3, true));
                int bytesOfAddress = decoded.addressSize >> 3;
                put(length - bytesOfAddress, target, bytesOfAddress);
                decode();
                return length;
            }
        }
        boolean stack = form.family() == Family.STACK || form.family().branches();
        if (stack && decoded.base == STACK_POINTER && (decoded.displacement < -NEAR || decoded.displacement > NEAR)) {
            return 0; // operand and top of the stack could not both be inside the window
        }
        if (displacementAt >= 0 && decoded.base == Instruction.RIP) {
            long target = place(form);
            put(displacementAt, target - (address + length), 4);
            decode();
        } else if (displacementAt >= 0 && (decoded.index == Instruction.NO_REGISTER || form.family() == Family.GATHER)) {
            put(displacementAt, absolute(place(form)), decoded.addressSize == 16 ? 2 : 4);
            decode();
        }
        return length;
    }

    /** A linear address as an offset: in segments that start at 0, or in those over the window. */
    private long absolute(long linear) {
        boolean flat = mode.isLong() || mode == Mode.PROTECTED && decoded.addressSize == 32 && edges.oneIn(2);
        return flat ? linear : linear - Window.BASE;
    }

    /** Where a fixed address points. A branch must find its target there, or a selector, so it is where contents can be chosen. */
    private long place(Form form) {
        boolean chosen = form.family().branches() || decoded.kind[0] == Instruction.SEGMENT;
        return chosen ? Window.DATA + 1024 + edges.random.nextInt(2048) : Places.focus(edges, 8, true);
    }

    private int branch(long address, int length) {
        long next = address + length;
        boolean near = decoded.immediate >= -128 && decoded.immediate < 128;
        int width = length - (opcodeBytes());
        if (width == 1) {
            int own = (int) ((address - Window.FIRST_SLOT) / Window.SLOT);
            for (int tries = 0; tries < 8; tries++) {
                int other = Math.clamp(own + edges.random.nextInt(-2, 3), 0, Window.SLOTS - 1);
                long distance = Places.tail(edges, other) - next;
                if (distance >= -128 && distance < 128) {
                    put(length - 1, distance, 1);
                    decode();
                    return length;
                }
            }
            return 0;
        }
        long target = edges.oneIn(20) ? Places.focus(edges, 1, true) : Places.tail(edges, edges.random.nextInt(Window.SLOTS));
        put(length - width, target - next, width);
        decode();
        return near || width > 1 ? length : 0;
    }

    /** Bytes up to the distance of a branch. */
    private int opcodeBytes() {
        int at = 0;
        while (true) {
            int b = bytes[at] & 0xff;
            boolean prefix = b == 0x66 || b == 0x67 || b == 0x26 || b == 0x2e || b == 0x36 || b == 0x3e || b == 0x64 || b == 0x65 || mode.isLong() && (b & 0xf0) == 0x40;
            if (!prefix) {
                return b == 0x0f ? at + 2 : at + 1;
            }
            at++;
        }
    }

    private void put(int at, long value, int width) {
        for (int i = 0; i < width; i++) {
            bytes[at + i] = (byte) (value >> 8 * i);
        }
    }

    private int decode() {
        return Decoder.decode(i -> bytes[i] & 0xff, mode.bits, decoded);
    }

    /**
     * Bytes that the decoder refuses. Some processor may know them all the same; then what could be the displacement of its operand is small,
     * and {@link States} has registers that lead nowhere.
     */
    private Sample undefined(int slot) {
        int start = edges.random.nextInt(MOST_JITTER);
        while (true) {
            Arrays.fill(bytes, (byte) 0);
            int prefixes = edges.oneIn(8) ? edges.random.nextInt(1, MOST) : 0;
            for (int i = 0; i < prefixes; i++) {
                bytes[i] = (byte) (edges.oneIn(2) ? 0x66 : segmentPrefix());
            }
            put(prefixes, edges.random.nextInt(), UNDEFINED_BYTES);
            if (edges.oneIn(2)) {
                bytes[prefixes] = 0x0f;
            }
            decode();
            // near the end it is open whether an opcode is undefined first or its instruction too long
            boolean open = decoded.length != Decoder.TOO_LONG && decoded.length > MOST / 2;
            if (decoded.mnemonic == Mnemonic.INVALID && !open && (decoded.segmentOverride != FS || !mode.isLong()) && !Reserved.mayBeDefined(bytes)) {
                return new Sample(family, mode, Arrays.copyOf(bytes, MOST), MOST, slot, start, Window.slot(slot) + start);
            }
        }
    }
}
