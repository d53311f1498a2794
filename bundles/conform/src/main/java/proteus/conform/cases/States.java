package proteus.conform.cases;

import static proteus.conform.state.Cases.*;

import java.util.List;
import proteus.conform.state.Cases;
import proteus.conform.state.Mode;
import proteus.conform.state.Segment;
import proteus.conform.state.Segments;
import proteus.conform.state.Window;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** Random states for an instruction: operands that reach its edges, addresses where memory is or ends. */
public final class States {
    private static final int RAX = 0, RCX = 1, RDX = 2, RBX = 3, RSP = 4, RBP = 5, RSI = 6, RDI = 7;
    private static final int ES = 0, CS = 1, SS = 2;
    private static final int CF_TO_OF = 0x8d5, DF = 0x400, AC = 0x4_0000, ID = 0x20_0000, NT = 0x4000, ALWAYS = 0x202;
    private static final int AROUND = 32;
    private static final int MOST_PIECE_0 = 600, MOST_PIECE_1 = 320;
    private static final int STRING_REACH = 160;
    private static final int TRIES = 10_000;

    private final Edges edges;
    private final boolean upper;
    private Cases cases;
    private long at;
    private Instruction in;
    private Sample sample;
    private Mode mode;
    private Reach reach;
    private VectorState.Elements elements;
    /** Where the operand is, where the stack or the second string operand is; 0 if there is none. */
    private long focus, second;

    /** @param upper whether upper halves of YMM registers are part of the state */
    public States(long seed, boolean upper) {
        edges = new Edges(seed);
        this.upper = upper;
    }

    /** Contents for the page that never changes. */
    public byte[] constants() {
        return edges.page(Window.PAGE);
    }

    /** Contents for the data pages. */
    public byte[] data() {
        return edges.page((int) Window.DATA_BYTES);
    }

    /** Writes a state in front of the instruction, one that lets it touch nothing but the window. */
    public void fill(Cases target, int i, Sample instruction) {
        for (int tries = 0; tries < TRIES; tries++) {
            draw(target, i, instruction);
            if (Reach.confined(instruction, target, i)) {
                return;
            }
        }
        throw new IllegalStateException("no state keeps %s at 0x%x inside the window".formatted(instruction.decoded.mnemonic, instruction.address));
    }

    private void draw(Cases target, int i, Sample instruction) {
        cases = target;
        at = Cases.before(i);
        sample = instruction;
        mode = instruction.mode;
        in = instruction.decoded;
        reach = new Reach(instruction, target, i);
        focus = second = 0;
        selectors();
        registers();
        flags();
        elements = elements();
        if (sample.family.vectors()) {
            boolean mmx = sample.family == Family.MMX_SSE_INTEGER || in.operandCount > 0 && usesMmx();
            VectorState.fill(edges, cases, at, elements, mmx && !edges.oneIn(8), upper);
        } else {
            quietVectors();
        }
        operands();
        addresses();
        pieces();
        contents();
        cases.set(at + RIP, sample.offset());
    }

    private void pieces() {
        piece(PIECE_0, LENGTH_0, MEMORY, focus, reach(), MOST_PIECE_0);
        piece(PIECE_1, LENGTH_1, MEMORY + cases.get(at + LENGTH_0), second, stringOrStack(), MOST_PIECE_1);
    }

    private boolean usesMmx() {
        for (int i = 0; i < in.operandCount; i++) {
            if (in.kind[i] == Instruction.MMX) {
                return true;
            }
        }
        return false;
    }

    private long gpr(int register) {
        return cases.get(at + GPRS + 8L * register);
    }

    private void gpr(int register, long value) {
        cases.set(at + GPRS + 8L * register, value & mode.registerMask());
    }

    /** Sets as much of a register as addresses use. */
    private void address(int register, long value) {
        gpr(register, in.addressSize == 16 ? gpr(register) & ~0xffffL | value & 0xffff : value);
    }

    private void selectors() {
        // flat segments are what programs have and what translated code needs
        boolean plain = mode == Mode.PROTECTED && sample.family != Family.UNDEFINED && edges.oneIn(2);
        for (int s = 0; s < 6; s++) {
            Segment segment = mode.isLong() ? s == SS ? longStackSegment() : null : s == CS ? mode.code : plain ? mode.data : s == SS ? stackSegment() : dataSegment();
            cases.setShort(at + SELECTORS + 2 * s, segment == null ? 0 : segment.selector());
        }
        cases.setShort(at + SELECTORS + 2 * CS, mode.code.selector());
        cases.setShort(at + SEGMENTED, sample.segmented ? 1 : 0);
    }

    /** A segment for data, or null for none: mostly the plain one of the mode. */
    private Segment dataSegment() {
        if (sample.family == Family.UNDEFINED) {
            return Segments.shortOnes().get(edges.random.nextInt(2));
        }
        if (edges.oneIn(2)) {
            return mode.data;
        }
        List<Segment> all = Segments.LDT.stream().filter(Segment::isData).toList();
        int i = edges.random.nextInt(-1, all.size() + 1);
        return i < 0 ? null : i == all.size() ? Segments.DATA_FLAT : all.get(i);
    }

    /** In 64-bit mode only a far call looks at it, one that leads out of there. */
    private Segment longStackSegment() {
        return sample.family == Family.FAR && edges.oneIn(3) ? Segments.LDT.stream().filter(Segment::isStack).toList().get(edges.random.nextInt(4)) : Segments.DATA_FLAT;
    }

    private Segment stackSegment() {
        if (sample.family == Family.UNDEFINED) {
            return dataSegment();
        }
        List<Segment> all = Segments.LDT.stream().filter(Segment::isStack).toList();
        int i = edges.oneIn(2) ? -1 : edges.random.nextInt(all.size() + 1);
        return i < 0 ? mode.data : i == all.size() ? Segments.DATA_FLAT : all.get(i);
    }

    private void registers() {
        for (int r = 0; r < 16; r++) {
            gpr(r, sample.family == Family.UNDEFINED ? Places.nowhere(edges) : edges.integer());
        }
    }

    private void flags() {
        long value = ALWAYS | edges.random.nextInt() & CF_TO_OF;
        if (edges.oneIn(sample.family == Family.STRING ? 3 : 16)) {
            value |= DF;
        }
        if (edges.oneIn(24)) {
            value |= AC;
        }
        if (edges.oneIn(32)) {
            value |= NT;
        }
        if (edges.oneIn(32)) {
            value |= ID;
        }
        cases.set(at + RFLAGS, value);
    }

    private void quietVectors() {
        cases.setShort(at + FCW, 0x37f);
        cases.setInt(at + MXCSR, 0x1f80);
        cases.set(at + HEADER, 7);
    }

    private VectorState.Elements elements() {
        String name = in.mnemonic.name();
        if (name.contains("CVT") || edges.oneIn(12)) {
            return VectorState.Elements.values()[edges.random.nextInt(3)];
        }
        switch (sample.family) {
            case MMX_SSE_INTEGER, CRYPTO, AVX_INTEGER, AVX_CRYPTO, GATHER -> {
                return VectorState.Elements.INTEGERS;
            }
            default -> { }
        }
        if (name.endsWith("PS") || name.endsWith("SS")) {
            return VectorState.Elements.SINGLES;
        }
        return name.endsWith("PD") || name.endsWith("SD") ? VectorState.Elements.DOUBLES : VectorState.Elements.INTEGERS;
    }

    /** Values of implicit operands that would seldom be interesting. */
    private void operands() {
        switch (in.mnemonic) {
            case DIV, IDIV -> {
                if (edges.oneIn(2)) {
                    gpr(RDX, edges.oneIn(3) ? gpr(RAX) >> 63 : edges.oneIn(2) ? 0 : edges.random.nextInt(-300, 300));
                }
                if (edges.oneIn(3)) {
                    gpr(RAX, gpr(RAX) & ~0xff00L | (edges.oneIn(2) ? 0 : edges.random.nextInt(4) << 8));
                }
            }
            case ROL, ROR, RCL, RCR, SHL, SHR, SAR, SHLD, SHRD -> {
                if (edges.oneIn(2)) {
                    gpr(RCX, gpr(RCX) & ~0xffL | edges.random.nextInt(70));
                }
            }
            case SHLX, SHRX, SARX, BZHI, BEXTR -> {
                int control = in.register[in.operandCount - 1];
                if (edges.oneIn(2) && in.kind[in.operandCount - 1] == Instruction.GPR) {
                    gpr(control, edges.random.nextInt(80) | (long) edges.random.nextInt(80) << 8);
                }
            }
            case BT, BTS, BTR, BTC -> {
                if (in.kind[0] == Instruction.MEMORY && in.kind[1] == Instruction.GPR) {
                    long offset = edges.random.nextInt(-1000, 1000);
                    gpr(in.register[1], in.operandSize == 16 ? gpr(in.register[1]) & ~0xffffL | offset & 0xffff : in.operandSize == 32
                        ? gpr(in.register[1]) & ~0xffff_ffffL | offset & 0xffff_ffffL : offset);
                }
            }
            case LOOP, LOOPE, LOOPNE, JCXZ -> gpr(RCX, edges.oneIn(2) ? edges.random.nextInt(3) : edges.oneIn(2) ? gpr(RCX) & ~0xffff_ffffL | edges.random.nextInt(3) : gpr(RCX));
            case PCMPESTRI, PCMPESTRM -> {
                gpr(RAX, edges.oneIn(4) ? gpr(RAX) : edges.random.nextInt(-20, 20));
                gpr(RDX, edges.oneIn(4) ? gpr(RDX) : edges.random.nextInt(-20, 20));
            }
            default -> { }
        }
    }

    // ---- addresses

    private void addresses() {
        switch (sample.family) {
            case STRING -> {
                stringOperands();
                return;
            }
            case STACK -> stack();
            case CONTROL, SEGMENT, FAR -> {
                switch (in.mnemonic) {
                    case CALL, RET, CALL_FAR, RET_FAR, IRET -> stack();
                    default -> { }
                }
            }
            default -> { }
        }
        int operand = sample.memoryOperand();
        if (operand >= 0 && !mode.isLong()) {
            segmentedOperand(operand);
        } else if (operand >= 0) {
            memoryOperand(operand);
        } else if (in.mnemonic == Mnemonic.XLAT) {
            focus = Places.focus(edges, mode, 1, in.addressSize == 32);
            address(RBX, focus - reach.base(Reach.dataSegment(in)) - (gpr(RAX) & 0xff) & addressMask());
        } else if (in.mnemonic == Mnemonic.MASKMOVQ || in.mnemonic == Mnemonic.MASKMOVDQU || in.mnemonic == Mnemonic.VMASKMOVDQU) {
            focus = Places.focus(edges, mode, in.mnemonic == Mnemonic.MASKMOVQ ? 8 : 16, in.addressSize == 32);
            address(RDI, focus - reach.base(Reach.dataSegment(in)));
        }
        if (sample.family == Family.CONTROL && operand < 0 && in.operandCount > 0 && in.kind[0] == Instruction.GPR) {
            gpr(in.register[0], target());
        }
    }

    private long addressMask() {
        return reach.addressMask();
    }

    /** Where a branch through a register or memory goes, as RIP has it. */
    private long target() {
        return mode.offset(edges.oneIn(12) ? Places.focus(edges, mode, 1, false) : Places.tail(edges, edges.random.nextInt(Window.SLOTS)));
    }

    /** Solves base and index for a place. */
    private void memoryOperand(int operand) {
        int bytes = operandBytes(operand);
        boolean locked = in.lock || in.mnemonic == Mnemonic.XCHG;
        boolean narrow = in.addressSize == 32;
        long wanted = locked ? Places.lockedFocus(edges, mode, bytes) : Places.focus(edges, bytes, narrow);
        if (narrow) {
            wanted &= 0xffff_ffffL;
            wanted = wanted >= Window.BASE && wanted < Window.BASE + Window.BYTES ? wanted : Window.DATA + 1024;
        }
        wanted -= bitOffset();
        long displacement = in.displacement;
        boolean hasBase = in.base != Instruction.NO_REGISTER && in.base != Instruction.RIP;
        boolean hasIndex = in.index != Instruction.NO_REGISTER && sample.family != Family.GATHER;
        boolean onStack = in.base == RSP && (sample.family == Family.STACK || sample.family == Family.CONTROL);
        if (onStack) {
            // RSP serves the operand and the stack: both must be inside the window
            wanted = Math.clamp(wanted, Window.DATA - 64, Window.DATA_END + 64);
            if (hasIndex) {
                gpr(in.index, edges.random.nextInt(-100, 100));
            }
        }
        if (hasBase && hasIndex && in.base == in.index) {
            gpr(in.base, (wanted - displacement) / (1 + (1L << in.scale)));
        } else if (hasBase) {
            if (hasIndex && !onStack && !edges.oneIn(3)) {
                boolean keep = isBitOffset(in.index) || sample.family == Family.STACK && in.index == RSP;
                if (!keep && in.index != RSP) {
                    gpr(in.index, edges.oneIn(2) ? edges.random.nextInt(-100, 100) : edges.integer());
                }
            }
            long index = hasIndex ? gpr(in.index) << in.scale : 0;
            gpr(in.base, wanted - displacement - index);
            if (isBitOffset(in.base)) {
                gpr(in.base, (wanted & -8) - displacement - index);
            }
        } else if (hasIndex) {
            gpr(in.index, wanted - displacement >> in.scale);
        }
        if (narrow && !onStack && (hasBase || hasIndex) && edges.oneIn(2)) {
            int register = hasBase ? in.base : in.index;
            gpr(register, gpr(register) & 0xffff_ffffL | edges.random.nextLong() << 32);
        }
        long effective = effectiveAddress();
        long access = effective + bitOffset();
        boolean harmless = in.mnemonic == Mnemonic.LEA || in.mnemonic == Mnemonic.NOP;
        if (!harmless && !Reach.allowed(access)) {
            steer();
            effective = effectiveAddress();
            access = effective + bitOffset();
        }
        focus = access;
        if (sample.family == Family.GATHER) {
            indices(effective);
        }
        if (sample.family == Family.STACK || sample.family == Family.CONTROL) {
            // the stack is where RSP now says, if the operand's address took it
            second = second == 0 ? 0 : stackFocus();
        }
    }

    /** The same in segments: whatever does not come out right is drawn again. */
    private void segmentedOperand(int operand) {
        int bytes = operandBytes(operand);
        boolean locked = in.lock || in.mnemonic == Mnemonic.XCHG;
        long wanted = locked ? Places.lockedFocus(edges, mode, bytes) : Places.focus(edges, mode, bytes, false);
        boolean hasBase = in.base != Instruction.NO_REGISTER;
        boolean hasIndex = in.index != Instruction.NO_REGISTER && sample.family != Family.GATHER;
        if (hasIndex && in.index != RSP && !isBitOffset(in.index) && edges.oneIn(2)) {
            address(in.index, edges.random.nextInt(-100, 100));
        }
        long offset = wanted - reach.base(in.segment) - bitOffset() - in.displacement;
        long index = hasIndex ? gpr(in.index) << in.scale : 0;
        if (hasBase && hasIndex && in.base == in.index) {
            address(in.base, offset / (1 + (1L << in.scale)));
        } else if (hasBase) {
            address(in.base, offset - index);
        } else if (hasIndex) {
            address(in.index, offset >> in.scale);
        }
        focus = reach.operandAddress();
        if (sample.family == Family.GATHER) {
            indices(focus);
        }
        if (second != 0) {
            second = stackFocus();
        }
    }

    /** Indices that lead near the focus, now and then to any other place. */
    private void indices(long origin) {
        for (int i = 0; i < Gather.elements(in); i++) {
            long distance = edges.oneIn(6) ? Places.focus(edges, 8, true) - origin >> in.scale : edges.random.nextInt(-100, 100);
            Gather.setIndex(in, cases, at, i, distance);
        }
    }

    /** When base, index and bit offset collide: everything zero but the base. */
    private void steer() {
        boolean hasBase = in.base != Instruction.NO_REGISTER && in.base != Instruction.RIP;
        if (in.index != Instruction.NO_REGISTER && sample.family != Family.GATHER) {
            gpr(in.index, 0);
        }
        if (in.operandCount > 1 && in.kind[1] == Instruction.GPR && isBitOffset(in.register[1])) {
            gpr(in.register[1], 0);
        }
        long wanted = Window.DATA + 1024;
        if (hasBase && in.base == in.index) {
            gpr(in.base, (wanted - in.displacement) / (1 + (1L << in.scale)));
        } else if (hasBase) {
            gpr(in.base, wanted - in.displacement);
            if (isBitOffset(in.base)) {
                // offset and base in one register: find a value so that base + offset/8 is inside
                long v = (wanted - in.displacement) / 9 * 8;
                gpr(in.base, v);
            }
        } else if (in.index != Instruction.NO_REGISTER && sample.family != Family.GATHER) {
            gpr(in.index, wanted - in.displacement >> in.scale);
        }
    }

    private boolean isBitOffset(int register) {
        return Reach.isBitString(in) && in.register[1] == register;
    }

    private long bitOffset() {
        return Reach.bitOffset(in, cases, at);
    }

    private long effectiveAddress() {
        return Reach.effectiveAddress(sample, cases, at);
    }

    private int operandBytes(int operand) {
        return switch (in.mnemonic) {
            case FXSAVE, FXRSTOR -> 512;
            case FNSAVE, FRSTOR -> 108;
            case FNSTENV, FLDENV -> 28;
            default -> Math.max(in.size[operand] >> 3, 1);
        };
    }

    private int reach() {
        if (sample.family == Family.STRING) {
            return STRING_REACH;
        }
        int operand = sample.memoryOperand();
        return operand < 0 ? 16 : operandBytes(operand);
    }

    private int stringOrStack() {
        return sample.family == Family.STRING ? STRING_REACH : 128;
    }

    private void stack() {
        long place = Places.focus(edges, 8, true);
        if (Reach.allowed(place - 4096) && Reach.allowed(place + 4096) || Window.inData(place)) {
            second = place;
        } else {
            second = edges.oneIn(2) ? place : Window.DATA + 4096;
        }
        if (!Reach.allowed(second)) {
            second = Window.DATA + 4096;
        }
        if (edges.oneIn(64)) {
            second = Places.focus(edges, mode, 8, false);
        }
        stackRegister(RSP, second);
        if (in.mnemonic == Mnemonic.ENTER || in.mnemonic == Mnemonic.LEAVE) {
            long frame = edges.oneIn(3) ? second + edges.random.nextInt(-64, 300) : Places.focus(edges, mode, 8, !edges.oneIn(16));
            stackRegister(RBP, frame);
            focus = frame;
        }
    }

    /** Makes RSP or RBP point to a linear address. */
    private void stackRegister(int register, long linear) {
        long mask = reach.stackMask();
        gpr(register, linear - reach.base(SS) & mask | edges.random.nextLong() & ~mask);
    }

    /** Linear address of the top of the stack. */
    private long stackFocus() {
        return reach.linear(SS, reach.stackPointer());
    }

    private void stringOperands() {
        long mask = addressMask();
        boolean narrow = in.addressSize == 32;
        int bytes = in.operandSize >> 3;
        int count = edges.oneIn(6) ? 0 : edges.random.nextInt(1, 20);
        if (in.rep || in.repne) {
            address(RCX, narrow && edges.oneIn(2) ? count | edges.random.nextLong() << 32 : count);
            if (edges.oneIn(40)) {
                address(RCX, edges.random.nextInt(200));
            }
        }
        focus = Places.focus(edges, mode, bytes * 4, narrow && mode.isLong());
        second = edges.oneIn(8) ? focus + edges.random.nextInt(-16, 17) : Places.focus(edges, mode, bytes * 4, narrow && mode.isLong());
        long source = focus - reach.base(Reach.dataSegment(in));
        long destination = second - reach.base(ES);
        address(RSI, source);
        address(RDI, destination);
        if (narrow && edges.oneIn(2)) {
            gpr(RSI, source & mask | edges.random.nextLong() << 32);
            gpr(RDI, destination & mask | edges.random.nextLong() << 32);
        }
    }

    // ---- memory

    /** Says which bytes around a place are part of the case, and fills them. */
    private void piece(int where, int size, long contents, long place, int bytes, int most) {
        long from = Math.max(place - AROUND - (sample.family == Family.STRING ? STRING_REACH - 32 : 0) & -8, Window.DATA);
        long to = Math.min(Math.min(place + bytes + AROUND + 7 & -8, Window.DATA_END), from + most);
        boolean any = place != 0 && to > from && Window.inData(from);
        cases.set(at + where, any ? from : Window.DATA);
        cases.set(at + size, any ? to - from : 0);
        if (any) {
            long repeated = edges.integer();
            boolean repeat = sample.family == Family.STRING && edges.oneIn(2);
            for (long i = 0; i < to - from; i += 8) {
                cases.set(at + contents + i, repeat && !edges.oneIn(16) ? repeated & 0xff : VectorState.element(edges, elements));
            }
        }
    }

    private long place(long address, int bytes) {
        return cases.find(at, address, bytes);
    }

    private void poke(long address, long value) {
        long place = place(address, 8);
        if (place >= 0) {
            cases.set(place, value);
        }
    }

    /** What has to be in memory for the instruction to do something. */
    private void contents() {
        switch (in.mnemonic) {
            case RET -> {
                if (place(stackFocus(), 8) >= 0) {
                    poke(stackFocus(), target());
                } else if (Window.isReadable(stackFocus(), 8)) {
                    stackRegister(RSP, Window.DATA_END + 512); // nobody may go where memory happens to point
                }
            }
            case JMP, CALL -> {
                if (sample.memoryOperand() >= 0) {
                    if (mode.isLong() && Window.isReadable(focus, 8) && place(focus, 8) < 0) {
                        steer();
                        focus = effectiveAddress();
                        second = second == 0 ? 0 : Window.DATA + 4096;
                        gpr(RSP, in.base == RSP ? gpr(RSP) : second == 0 ? gpr(RSP) : second);
                        pieces();
                    }
                    if (place(focus, 8) >= 0) {
                        poke(focus, target());
                    }
                }
            }
            case MOV -> {
                if (in.kind[0] == Instruction.SEGMENT) {
                    selectorOperand(1);
                }
            }
            case LAR, LSL -> selectorOperand(1);
            case VERR, VERW -> selectorOperand(0);
            case POP -> {
                if (in.kind[0] == Instruction.SEGMENT) {
                    poke(stackFocus(), Places.selector(edges, false));
                }
            }
            case LDS, LES, LFS, LGS, LSS -> poke(focus, edges.integer() & operandMask() | (long) Places.selector(edges, false) << in.operandSize);
            case JMP_FAR, CALL_FAR -> farPointer(focus, 2);
            case RET_FAR, IRET -> {
                farPointer(stackFocus(), in.operandSize >> 3);
                if (in.mnemonic == Mnemonic.IRET && mode.isLong()) {
                    selectorAt(stackFocus() + (4 * in.operandSize >> 3), in.operandSize >> 3, Places.selector(edges, false));
                }
            }
            case CMPXCHG -> {
                if (edges.oneIn(2) && in.kind[0] == Instruction.MEMORY) {
                    poke(focus, gpr(RAX));
                }
            }
            case CMPXCHG8B, CMPXCHG16B -> {
                if (edges.oneIn(2)) {
                    boolean wide = in.mnemonic == Mnemonic.CMPXCHG16B;
                    poke(focus, wide ? gpr(RAX) : gpr(RAX) & 0xffff_ffffL | gpr(RDX) << 32);
                    if (wide) {
                        poke(focus + 8, gpr(RDX));
                    }
                }
            }
            case LDMXCSR, VLDMXCSR -> poke(focus, edges.oneIn(8) ? edges.integer() : VectorState.mxcsr(edges));
            case FLDCW -> poke(focus, edges.oneIn(4) ? edges.integer() : 0x37f & ~(edges.oneIn(3) ? 1 << edges.random.nextInt(6) : 0) | edges.random.nextInt(16) << 8);
            case FXRSTOR -> fxImage();
            case FLDENV, FRSTOR -> environment();
            case FLD -> {
                if (in.size[0] == 80 || in.operandCount > 1 && in.size[1] == 80) {
                    int kind = edges.extendedKind();
                    poke(focus, edges.significand(kind));
                    poke(focus + 8, edges.exponent(kind) | edges.random.nextLong() << 16);
                }
            }
            case FBLD -> decimal();
            default -> {
                if (sample.family == Family.X87 && sample.memoryOperand() >= 0) {
                    poke(focus, in.size[sample.memoryOperand()] == 32 ? edges.oneIn(2) ? edges.twoSingles() : edges.integer() : edges.oneIn(2) ? edges.real() : edges.integer());
                }
            }
        }
    }

    private void selectorOperand(int operand) {
        int selector = Places.selector(edges, edges.oneIn(2));
        if (in.kind[operand] == Instruction.GPR) {
            gpr(in.register[operand], gpr(in.register[operand]) & ~0xffffL | selector);
        } else {
            poke(focus, selector);
        }
    }

    private long operandMask() {
        return in.operandSize == 16 ? 0xffff : 0xffff_ffffL;
    }

    /** Puts an offset and behind it a selector where a far transfer finds them. */
    private void farPointer(long address, int selectorBytes) {
        int selector = Places.selector(edges, true);
        int bytes = in.operandSize >> 3;
        long place = place(address, bytes);
        if (place >= 0) {
            long offset = Places.farOffset(edges, selector);
            for (int i = 0; i < bytes; i++) {
                cases.setByte(place + i, (int) (offset >> 8 * i));
            }
        }
        selectorAt(address + bytes, selectorBytes, selector);
    }

    /** A selector in so many bytes, of which the upper ones do not matter. */
    private void selectorAt(long address, int bytes, int selector) {
        long place = place(address, bytes);
        if (place >= 0) {
            cases.setShort(place, selector);
        }
    }

    private void decimal() {
        if (place(focus, 8) >= 0 && place(focus + 8, 8) >= 0 && !edges.oneIn(8)) {
            long low = 0;
            for (int i = 0; i < 16; i++) {
                low = low << 4 | edges.random.nextInt(10);
            }
            poke(focus, edges.oneIn(4) ? 0 : low);
            poke(focus + 8, edges.random.nextInt(10) << 4 | edges.random.nextInt(10) | (edges.oneIn(2) ? 0x8000 : 0));
        }
    }

    /** An image that is a possible state, except now and then. */
    private void fxImage() {
        long place = place(focus, 512);
        if (place < 0) {
            return;
        }
        scratch.clear(0);
        VectorState.fill(edges, scratch, 0, elements, false, false);
        for (int i = 0; i < LEGACY_BYTES; i += 8) {
            cases.set(place + i, scratch.get(i));
        }
        if (edges.oneIn(16)) {
            cases.setInt(place + MXCSR, edges.random.nextInt());
        }
    }

    private void environment() {
        long place = place(focus, in.mnemonic == Mnemonic.FRSTOR ? 108 : 28);
        if (place < 0) {
            return;
        }
        boolean wide = in.operandSize != 16;
        int step = wide ? 4 : 2;
        int control = 0x37f | edges.random.nextInt(16) << 8;
        control &= edges.oneIn(6) ? ~(1 << edges.random.nextInt(6)) : -1;
        int status = edges.random.nextInt(0x1_0000) & ~(edges.oneIn(4) ? 0 : 0x3f & ~control);
        cases.setShort(place, control);
        cases.setShort(place + step, status);
        for (int i = 0; i < 8 && in.mnemonic == Mnemonic.FRSTOR; i++) {
            int kind = edges.extendedKind();
            long register = place + 7L * step + 10L * i;
            cases.set(register, edges.significand(kind));
            cases.setShort(register + 8, edges.exponent(kind));
        }
    }

    private final Cases scratch = new Cases(1);
}
