package proteus.conform.cases;

import proteus.conform.state.Cases;
import proteus.conform.state.Mode;
import proteus.conform.state.Segment;
import proteus.conform.state.Segments;
import proteus.conform.state.Window;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/**
 * What a case can touch: computed again from the decoded instruction and the finished state, whatever was intended when they were drawn. A
 * case goes to the host only if every access and every branch lies in the window or certainly faults, since around the window is the JVM.
 */
public final class Reach {
    private static final int RBX = 3, RSP = 4, RBP = 5, RSI = 6, RDI = 7;
    private static final int ES = 0, SS = 2, DS = 3, FS = 4, SEGMENT_REGISTERS = 6;
    private static final int AC = 0x4_0000, MOST_PUSHED = 16;
    private static final long LOW_32 = 0xffff_ffffL, LOW_16 = 0xffff;
    /** An access starts so far inside the window, and so far from the harness's pages, that the longest one stays out of what is behind. */
    private static final long MARGIN = 1024;
    private static final long HARNESS = Window.CONTROL - MARGIN, HARNESS_END = Window.STUB + Window.PAGE + MARGIN;

    private final Sample sample;
    private final Instruction in;
    private final Cases cases;
    private final long at;

    Reach(Sample sample, Cases cases, int i) {
        this.sample = sample;
        in = sample.decoded;
        this.cases = cases;
        at = Cases.before(i);
    }

    /** Whether case i may run on the host. */
    public static boolean confined(Sample sample, Cases cases, int i) {
        Reach reach = new Reach(sample, cases, i);
        return sample.family == Family.UNDEFINED ? reach.leadsNowhere() : reach.operand() && reach.implicit() && reach.selector() && reach.branch();
    }

    /** Whether an access that starts there touches nothing but the window, or faults on every processor, whether linear addresses have 48 bits or 57. */
    static boolean allowed(long address) {
        long top = address >> 56;
        return top != 0 && top != -1 || address >= 0 && address < Places.NEVER_MAPPED
            || address >= Window.BASE + MARGIN && address < Window.BASE + Window.BYTES - MARGIN && (address < HARNESS || address >= HARNESS_END);
    }

    /** Whether an access to an offset in a segment may be made. */
    private boolean allowed(int register, long offset) {
        if (sample.mode.isLong()) {
            return register != FS && allowed(offset);
        }
        Segment segment = segment(register);
        return segment == null || !segment.contains(offset, 1) || allowed(segment.base() + offset & LOW_32);
    }

    /** Of bytes that mean nothing no operand can be computed: then no register may serve as one. */
    private boolean leadsNowhere() {
        if (!sample.mode.isLong()) {
            for (int s = 0; s < SEGMENT_REGISTERS; s++) {
                if (s != 1 && !Segments.isShort(cases.getShort(at + Cases.SELECTORS + 2 * s))) {
                    return false;
                }
            }
            return true;
        }
        for (int r = 0; r < 16; r++) {
            if (!Places.isNowhere(gpr(r))) {
                return false;
            }
        }
        return true;
    }

    private boolean operand() {
        if (sample.family == Family.GATHER) {
            return gather();
        }
        if (sample.memoryOperand() < 0 || harmless()) {
            return true;
        }
        long offset = bitOffset(in, cases, at);
        long address = effectiveAddress(sample, cases, at);
        // the sum is truncated; that it is so before or after makes no difference then
        return allowed(in.segment, address + offset & addressMask()) && (!sample.mode.isLong() || allowed(address + offset));
    }

    /** Whether the operand in memory is only an address. */
    private boolean harmless() {
        return switch (in.mnemonic) {
            case LEA, NOP -> true;
            default -> false;
        };
    }

    /** Whether all elements may be loaded, whether their mask selects them or not. */
    private boolean gather() {
        for (int i = 0; i < Gather.elements(in); i++) {
            long address = effectiveAddress(sample, cases, at) + (Gather.index(in, cases, at, i) << in.scale) & addressMask();
            if (!allowed(in.segment, address)) {
                return false;
            }
        }
        return true;
    }

    private boolean implicit() {
        return switch (in.mnemonic) {
            case MOVS, CMPS -> data(gpr(RSI)) && allowed(ES, gpr(RDI) & addressMask());
            case LODS -> data(gpr(RSI));
            case STOS, SCAS -> allowed(ES, gpr(RDI) & addressMask());
            case MASKMOVQ, MASKMOVDQU, VMASKMOVDQU -> data(gpr(RDI));
            case XLAT -> data(gpr(RBX) + (gpr(0) & 0xff));
            case PUSH, POP, PUSHF, POPF, PUSHA, POPA, CALL, RET, CALL_FAR, RET_FAR, IRET -> allowed(SS, stackPointer());
            case ENTER -> allowed(SS, stackPointer()) && allowed(SS, gpr(RBP) & stackMask());
            case LEAVE -> allowed(SS, gpr(RBP) & stackMask());
            default -> true;
        };
    }

    private boolean data(long offset) {
        return allowed(dataSegment(in), offset & addressMask());
    }

    /** The segment of an operand that only the mnemonic implies. */
    static int dataSegment(Instruction in) {
        return in.segmentOverride >= 0 ? in.segmentOverride : DS;
    }

    private boolean branch() {
        return switch (in.mnemonic) {
            case JCC, LOOP, LOOPE, LOOPNE, JCXZ -> lands(target());
            case JMP, CALL -> switch (in.kind[0]) {
                case Instruction.RELATIVE -> lands(target());
                case Instruction.GPR -> lands(gpr(in.register[0]));
                default -> landsByMemory(in.segment, effectiveAddress(sample, cases, at));
            };
            case RET -> landsByMemory(SS, stackPointer());
            case JMP_FAR, CALL_FAR -> in.kind[0] == Instruction.FAR_POINTER ? landsFar(in.immediate2, in.immediate)
                : landsFarByMemory(in.segment, effectiveAddress(sample, cases, at), 2);
            case RET_FAR -> landsFarByMemory(SS, stackPointer(), in.operandSize >> 3);
            case IRET -> landsFarByMemory(SS, stackPointer(), in.operandSize >> 3) && (!sample.mode.isLong() || stackToReturnTo());
            default -> true;
        };
    }

    private boolean landsFarByMemory(int register, long offset, int selectorBytes) {
        int bytes = in.operandSize >> 3;
        long linear = linear(register, offset);
        if (!Window.isReadable(linear, bytes + selectorBytes)) {
            return true;
        }
        long place = cases.find(at, linear, bytes + selectorBytes);
        return place >= 0 && landsFar(cases.getShort(place + bytes), bytes == 8 ? cases.get(place) : cases.getInt(place) & operandMask());
    }

    private boolean landsFar(int selector, long offset) {
        if (!Segments.isKnown(selector)) {
            return false;
        }
        Segment segment = Segments.code(selector);
        if (segment == null || !segment.longMode() && !segment.contains(offset & LOW_32, 1)) {
            return true;
        }
        if (in.mnemonic == Mnemonic.CALL_FAR && !pushesInReach(segment)) {
            return false;
        }
        long linear = segment.longMode() ? offset : segment.base() + offset & LOW_32;
        // the harness knows a fault in 64-bit code as its own only by the window
        return Window.inCode(linear) ? Window.isTail(linear) : allowed(linear) && !(segment.longMode() && linear < Places.NEVER_MAPPED);
    }

    /**
     * A call to the other kind of mode pushes with the addresses of that mode. In 64-bit mode they must not wrap either: Linux retries what faults
     * above 4 GiB in compatibility mode for ever (is_errata100).
     */
    private boolean pushesInReach(Segment code) {
        if (code.longMode() == sample.mode.isLong()) {
            return true;
        }
        long pointer = gpr(RSP);
        Segment stack = segment(SS);
        return code.longMode() ? pointer >= MOST_PUSHED && allowed(pointer) : stack == null || allowed(stack.base() + (pointer & (stack.big() ? LOW_32 : LOW_16)) & LOW_32);
    }

    /**
     * Whether SS that IRET pops in 64-bit mode means the same on both sides. And it must not pop AC from a stack that is not aligned: the popped AC is in
     * force while the rest is popped, and #AC comes with the AC of before, which Linux takes for a split lock and retries for ever.
     */
    private boolean stackToReturnTo() {
        int bytes = in.operandSize >> 3;
        if (!knowsAt(SS, stackPointer() + 4 * bytes)) {
            return false;
        }
        long flags = cases.find(at, stackPointer() + 2 * bytes, bytes);
        return stackPointer() % bytes == 0 || flags >= 0 && (bytes == 2 || (cases.getInt(flags) & AC) == 0);
    }

    /** Whether a selector that the instruction takes means the same on both sides. */
    private boolean selector() {
        return switch (in.mnemonic) {
            case MOV -> in.kind[0] != Instruction.SEGMENT || knows(in.kind[1], in.register[1], 0);
            case POP -> in.kind[0] != Instruction.SEGMENT || knowsAt(SS, stackPointer());
            case LDS, LES, LFS, LGS, LSS -> knows(Instruction.MEMORY, 0, in.operandSize >> 3);
            case LAR, LSL -> knows(in.kind[1], in.register[1], 0);
            case VERR, VERW -> knows(in.kind[0], in.register[0], 0);
            default -> true;
        };
    }

    private boolean knows(int kind, int register, int distance) {
        return kind == Instruction.GPR ? Segments.isKnown((int) gpr(register) & 0xffff) : knowsAt(in.segment, effectiveAddress(sample, cases, at) + distance & addressMask());
    }

    private boolean knowsAt(int register, long offset) {
        long linear = linear(register, offset);
        if (!Window.isReadable(linear, 2)) {
            return true;
        }
        long place = cases.find(at, linear, 2);
        return place >= 0 && Segments.isKnown(cases.getShort(place));
    }

    private long target() {
        return sample.offset() + sample.length + in.immediate;
    }

    /** Whether nothing runs at the target of a branch: there is a breakpoint, or it cannot be fetched. */
    private boolean lands(long target) {
        Mode mode = sample.mode;
        long offset = mode.isLong() ? target : target & operandMask();
        if (!mode.isLong() && !mode.code.contains(offset, 1)) {
            return true;
        }
        long linear = mode.isLong() ? offset : mode.code.base() + offset & LOW_32;
        return Window.inCode(linear) ? Window.isTail(linear) : allowed(linear);
    }

    /** The same for a target in memory: either the case says what it is, or it cannot be read. */
    private boolean landsByMemory(int register, long offset) {
        long linear = linear(register, offset);
        int bytes = in.operandSize >> 3;
        if (!Window.isReadable(linear, bytes)) {
            return true;
        }
        long place = cases.find(at, linear, bytes);
        return place >= 0 && lands(bytes == 8 ? cases.get(place) : cases.getInt(place) & operandMask());
    }

    private long operandMask() {
        return in.operandSize == 16 ? LOW_16 : in.operandSize == 32 ? LOW_32 : -1;
    }

    // ---- addresses

    private long gpr(int register) {
        return cases.get(at + Cases.GPRS + 8L * register) & sample.mode.registerMask();
    }

    /** The segment in a register outside of 64-bit mode; null if its selector is null. */
    Segment segment(int register) {
        return Segments.of(cases.getShort(at + Cases.SELECTORS + 2 * register));
    }

    /** Where a segment starts; 0 in 64-bit mode. */
    long base(int register) {
        Segment segment = sample.mode.isLong() ? null : segment(register);
        return segment == null ? 0 : segment.base();
    }

    long linear(int register, long offset) {
        return sample.mode.isLong() ? offset : base(register) + offset & LOW_32;
    }

    /** Linear address of the operand in memory, bit offset included. */
    long operandAddress() {
        return linear(in.segment, sample.mode.isLong() ? effectiveAddress(sample, cases, at) + bitOffset(in, cases, at)
            : effectiveAddress(sample, cases, at) + bitOffset(in, cases, at) & addressMask());
    }

    /** The stack pointer, as far as the stack segment uses it. */
    long stackPointer() {
        return gpr(RSP) & stackMask();
    }

    /** Bits of RSP and RBP that address the stack. */
    long stackMask() {
        if (sample.mode.isLong()) {
            return -1;
        }
        Segment stack = segment(SS);
        return stack != null && stack.big() ? LOW_32 : LOW_16;
    }

    long addressMask() {
        return addressMask(in);
    }

    private static long addressMask(Instruction in) {
        return in.addressSize == 16 ? LOW_16 : in.addressSize == 32 ? LOW_32 : -1;
    }

    /** Address of the operand in memory of an instruction in a state; of a bit string that of bit 0, of a gather that of an element with index 0. */
    static long effectiveAddress(Sample sample, Cases cases, long at) {
        Instruction in = sample.decoded;
        long gprs = at + Cases.GPRS;
        long base = in.base == Instruction.RIP ? sample.address + sample.length : in.base == Instruction.NO_REGISTER ? 0 : cases.get(gprs + 8L * in.base);
        long index = in.index == Instruction.NO_REGISTER || sample.family == Family.GATHER ? 0 : cases.get(gprs + 8L * in.index) << in.scale;
        long address = base + index + in.displacement;
        if (in.mnemonic == Mnemonic.POP && in.base == RSP) {
            address += in.operandSize >> 3; // SDM vol. 2B, POP: computed after the increment
        }
        return address & addressMask(in);
    }

    /** Whether the second operand selects a bit that may be far from the first. */
    static boolean isBitString(Instruction in) {
        return switch (in.mnemonic) {
            case BT, BTS, BTR, BTC -> in.kind[0] == Instruction.MEMORY && in.kind[1] == Instruction.GPR;
            default -> false;
        };
    }

    /** Bytes that a bit string instruction goes away from its operand's address (SDM vol. 2A, BT). */
    static long bitOffset(Instruction in, Cases cases, long at) {
        if (!isBitString(in)) {
            return 0;
        }
        long value = cases.get(at + Cases.GPRS + 8L * in.register[1]);
        long offset = in.operandSize == 16 ? (short) value : in.operandSize == 32 ? (int) value : value;
        int shift = in.operandSize == 16 ? 4 : in.operandSize == 32 ? 5 : 6;
        return (offset >> shift) * (in.operandSize >> 3);
    }
}
