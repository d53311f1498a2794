package proteus.conform.cases;

import proteus.conform.state.Cases;
import proteus.conform.state.Window;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/**
 * What a case can touch: computed again from the decoded instruction and the finished state, whatever was intended when they were drawn. A
 * case goes to the host only if every access and every branch lies in the window or certainly faults, since around the window is the JVM.
 */
public final class Reach {
    private static final int RBX = 3, RSP = 4, RBP = 5, RSI = 6, RDI = 7;
    private static final int FS = 4;
    /** An access starts so far inside the window, and so far from the harness's pages, that the longest one stays out of what is behind. */
    private static final long MARGIN = 1024;
    private static final long HARNESS = Window.CONTROL - MARGIN, HARNESS_END = Window.STUB + Window.PAGE + MARGIN;

    private final Sample sample;
    private final Instruction in;
    private final Cases cases;
    private final long at;

    private Reach(Sample sample, Cases cases, int i) {
        this.sample = sample;
        in = sample.decoded;
        this.cases = cases;
        at = Cases.before(i);
    }

    /** Whether case i may run on the host. */
    public static boolean confined(Sample sample, Cases cases, int i) {
        Reach reach = new Reach(sample, cases, i);
        return sample.family == Family.UNDEFINED ? reach.leadsNowhere() : reach.operand() && reach.implicit() && reach.branch();
    }

    /** Whether an access that starts there touches nothing but the window, or faults on every processor, whether linear addresses have 48 bits or 57. */
    static boolean allowed(long address) {
        long top = address >> 56;
        return top != 0 && top != -1
            || address >= Window.BASE + MARGIN && address < Window.BASE + Window.BYTES - MARGIN && (address < HARNESS || address >= HARNESS_END);
    }

    /** Of bytes that mean nothing no operand can be computed: then no register may serve as one. */
    private boolean leadsNowhere() {
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
        return sample.memoryOperand() < 0 || harmless() || in.segment != FS && allowed(effectiveAddress()) && allowed(effectiveAddress() & addressMask());
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
            long address = effectiveAddress() + (Gather.index(in, cases, at, i) << in.scale) & addressMask();
            if (!allowed(address)) {
                return false;
            }
        }
        return in.segment != FS;
    }

    private boolean implicit() {
        return switch (in.mnemonic) {
            case MOVS, CMPS -> allowed(gpr(RSI) & addressMask()) && allowed(gpr(RDI) & addressMask());
            case LODS -> allowed(gpr(RSI) & addressMask());
            case STOS, SCAS, MASKMOVQ, MASKMOVDQU, VMASKMOVDQU -> allowed(gpr(RDI) & addressMask());
            case XLAT -> allowed(gpr(RBX) + (gpr(0) & 0xff) & addressMask());
            case PUSH, POP, PUSHF, POPF, CALL, RET -> allowed(gpr(RSP));
            case ENTER -> allowed(gpr(RSP)) && allowed(gpr(RBP));
            case LEAVE -> allowed(gpr(RBP));
            default -> true;
        };
    }

    private boolean branch() {
        return switch (in.mnemonic) {
            case JCC, LOOP, LOOPE, LOOPNE, JCXZ -> lands(target());
            case JMP, CALL -> switch (in.kind[0]) {
                case Instruction.RELATIVE -> lands(target());
                case Instruction.GPR -> lands(gpr(in.register[0]));
                default -> landsByMemory(effectiveAddress());
            };
            case RET -> landsByMemory(gpr(RSP));
            default -> true;
        };
    }

    private long target() {
        return sample.address + sample.length + in.immediate;
    }

    /** Whether nothing runs at the target of a branch: there is a breakpoint, or it cannot be fetched. */
    private static boolean lands(long target) {
        return Window.inCode(target) ? Window.isTail(target) : allowed(target);
    }

    /** The same for a target in memory: either the case says what it is, or it cannot be read. */
    private boolean landsByMemory(long address) {
        if (!Window.isReadable(address, 8)) {
            return true;
        }
        long place = cases.find(at, address, 8);
        return place >= 0 && lands(cases.get(place));
    }

    private long gpr(int register) {
        return cases.get(at + Cases.GPRS + 8L * register);
    }

    private long addressMask() {
        return in.addressSize == 32 ? 0xffff_ffffL : -1;
    }

    private long effectiveAddress() {
        return effectiveAddress(sample, cases, at) + bitOffset(in, cases, at);
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
        return in.addressSize == 32 ? address & 0xffff_ffffL : address;
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
