package proteus.conform;

import proteus.conform.cases.Sample;
import proteus.conform.state.Cases;
import proteus.conform.state.Window;
import proteus.x86.decode.Instruction;

/** Whether a simplified case still touches nothing but the window. */
final class Sandbox {
    private static final int RCX = 1, RSP = 4, RBP = 5, RSI = 6, RDI = 7, RBX = 3;
    private static final long MARGIN = 1024;

    private Sandbox() {}

    static boolean contains(Sample sample, Cases cases) {
        Instruction in = sample.decoded;
        long mask = in.addressSize == 32 ? 0xffff_ffffL : -1;
        boolean safe = switch (sample.family) {
            case STRING -> inside(gpr(cases, RSI) & mask) && inside(gpr(cases, RDI) & mask) && Long.compareUnsigned(gpr(cases, RCX) & mask, 256) < 0;
            case STACK -> inside(gpr(cases, RSP)) && inside(gpr(cases, RBP));
            case CONTROL -> inside(gpr(cases, RSP)) && registersUnchanged(in);
            default -> switch (in.mnemonic) {
                case XLAT -> inside(gpr(cases, RBX) & mask);
                case MASKMOVQ, MASKMOVDQU -> inside(gpr(cases, RDI) & mask);
                default -> true;
            };
        };
        if (!safe || sample.memoryOperand() < 0) {
            return safe;
        }
        long base = in.base == Instruction.NO_REGISTER ? 0 : in.base == Instruction.RIP ? sample.address + sample.length : gpr(cases, in.base);
        long index = in.index == Instruction.NO_REGISTER ? 0 : gpr(cases, in.index) << in.scale;
        long address = base + index + in.displacement & mask;
        boolean bits = switch (in.mnemonic) {
            case BT, BTS, BTR, BTC -> in.kind[1] == Instruction.GPR;
            default -> false;
        };
        if (bits) {
            long offset = gpr(cases, in.register[1]);
            offset = in.operandSize == 16 ? (short) offset : in.operandSize == 32 ? (int) offset : offset;
            address += offset >> 3;
        }
        return inside(address);
    }

    /** Targets of branches lie in registers and memory: a simplified one could go anywhere. */
    private static boolean registersUnchanged(Instruction in) {
        return in.operandCount > 0 && in.kind[0] == Instruction.RELATIVE;
    }

    private static long gpr(Cases cases, int register) {
        return cases.get(Cases.GPRS + 8L * register);
    }

    private static boolean inside(long address) {
        boolean own = address >= Window.CONTROL - MARGIN && address < Window.CODE_END + MARGIN;
        return !own && address >= Window.BASE + MARGIN && address < Window.BASE + Window.BYTES - MARGIN || address >> 56 != 0 && address >> 56 != -1;
    }
}
