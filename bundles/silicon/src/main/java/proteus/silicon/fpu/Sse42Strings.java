package proteus.silicon.fpu;

import static proteus.silicon.fpu.Simd.put;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM (SDM vol. 2, 4.1). */
final class Sse42Strings {
    private static final int RAX = CpuLayout.gpr(0), RCX = CpuLayout.gpr(1), RDX = CpuLayout.gpr(2);

    private Sse42Strings() {}

    static void register(HandlerTable t) {
        put(t, Mnemonic.PCMPESTRI, (c, o) -> execute(c, o, true, false));
        put(t, Mnemonic.PCMPESTRM, (c, o) -> execute(c, o, true, true));
        put(t, Mnemonic.PCMPISTRI, (c, o) -> execute(c, o, false, false));
        put(t, Mnemonic.PCMPISTRM, (c, o) -> execute(c, o, false, true));
    }

    private static void execute(Cpu cpu, Op op, boolean explicit, boolean mask) {
        Guard.vector(cpu, op);
        // these four have no alignment to keep
        long b = op.secondKind == Instruction.MEMORY ? Simd.load(cpu, op, false) : cpu.s + op.second;
        long b0 = Raw.getLong(b);
        long b1 = Raw.getLong(b + 8);
        long a0 = Simd.low(cpu, op);
        long a1 = Simd.high(cpu, op);
        int control = (int) op.immediate & 0xff;
        int elements = (control & 1) != 0 ? 8 : 16;
        int lengthA = explicit ? explicitLength(cpu, op, RAX, elements) : implicitLength(a0, a1, control);
        int lengthB = explicit ? explicitLength(cpu, op, RDX, elements) : implicitLength(b0, b1, control);
        int all = (1 << elements) - 1;
        int result = switch (control >>> 2 & 3) {
            case 0 -> equalAny(a0, a1, lengthA, b0, b1, lengthB, control);
            case 1 -> ranges(a0, a1, lengthA, b0, b1, lengthB, control);
            case 2 -> equalEach(a0, a1, lengthA, b0, b1, lengthB, control);
            default -> equalOrdered(a0, a1, lengthA, b0, b1, lengthB, control);
        };
        result = switch (control >>> 4 & 3) {
            case 1 -> result ^ all;
            case 3 -> result ^ (1 << lengthB) - 1;
            default -> result;
        };
        if (mask) {
            store(cpu, op, result, elements, (control & 0x40) != 0);
        } else {
            int index = result == 0 ? elements
                : (control & 0x40) != 0 ? 31 - Integer.numberOfLeadingZeros(result) : Integer.numberOfTrailingZeros(result);
            cpu.register(RCX, 64, index);
        }
        cpu.arithmeticFlags((result != 0 ? Flags.CF : 0) | (lengthB < elements ? Flags.ZF : 0) | (lengthA < elements ? Flags.SF : 0)
            | ((result & 1) != 0 ? Flags.OF : 0));
    }

    private static int explicitLength(Cpu cpu, Op op, int register, int elements) {
        long value = op.operandSize == 64 ? cpu.register(register, 64) : (int) cpu.register(register, 32);
        long magnitude = Math.abs(value);
        return magnitude < 0 || magnitude > elements ? elements : (int) magnitude;
    }

    private static int implicitLength(long low, long high, int control) {
        int elements = (control & 1) != 0 ? 8 : 16;
        for (int i = 0; i < elements; i++) {
            if (element(low, high, i, control) == 0) {
                return i;
            }
        }
        return elements;
    }

    /** Element i: bytes or words, unsigned or signed. */
    private static int element(long low, long high, int i, int control) {
        return switch (control & 3) {
            case 0 -> (int) ((i < 8 ? low : high) >>> 8 * (i & 7)) & 0xff;
            case 1 -> (int) ((i < 4 ? low : high) >>> 16 * (i & 3)) & 0xffff;
            case 2 -> (byte) ((i < 8 ? low : high) >>> 8 * (i & 7));
            default -> (short) ((i < 4 ? low : high) >>> 16 * (i & 3));
        };
    }

    private static int equalAny(long a0, long a1, int lengthA, long b0, long b1, int lengthB, int control) {
        int result = 0;
        for (int j = 0; j < lengthB; j++) {
            int b = element(b0, b1, j, control);
            for (int i = 0; i < lengthA; i++) {
                if (element(a0, a1, i, control) == b) {
                    result |= 1 << j;
                    break;
                }
            }
        }
        return result;
    }

    private static int ranges(long a0, long a1, int lengthA, long b0, long b1, int lengthB, int control) {
        int result = 0;
        for (int j = 0; j < lengthB; j++) {
            int b = element(b0, b1, j, control);
            for (int i = 0; i + 1 < lengthA; i += 2) {
                if (element(a0, a1, i, control) <= b && b <= element(a0, a1, i + 1, control)) {
                    result |= 1 << j;
                    break;
                }
            }
        }
        return result;
    }

    /** Elements behind both ends are equal, behind one end not. */
    private static int equalEach(long a0, long a1, int lengthA, long b0, long b1, int lengthB, int control) {
        int elements = (control & 1) != 0 ? 8 : 16;
        int result = 0;
        for (int i = 0; i < elements; i++) {
            boolean validA = i < lengthA;
            boolean validB = i < lengthB;
            boolean equal = validA && validB ? element(a0, a1, i, control) == element(b0, b1, i, control) : validA == validB;
            result |= equal ? 1 << i : 0;
        }
        return result;
    }

    /** Where the first string stands as a part of the second, cut off at the end of the register. */
    private static int equalOrdered(long a0, long a1, int lengthA, long b0, long b1, int lengthB, int control) {
        int elements = (control & 1) != 0 ? 8 : 16;
        int result = 0;
        for (int j = 0; j < elements; j++) {
            boolean equal = true;
            for (int i = 0; equal && i < lengthA && i + j < elements; i++) {
                equal = i + j < lengthB && element(a0, a1, i, control) == element(b0, b1, i + j, control);
            }
            result |= equal ? 1 << j : 0;
        }
        return result;
    }

    private static void store(Cpu cpu, Op op, int result, int elements, boolean expand) {
        long low = result;
        long high = 0;
        if (expand) {
            low = 0;
            int width = 128 / elements;
            int half = elements / 2;
            long ones = (1L << width) - 1;
            for (int i = 0; i < half; i++) {
                low |= (result >>> i & 1) != 0 ? ones << width * i : 0;
                high |= (result >>> i + half & 1) != 0 ? ones << width * i : 0;
            }
        }
        long to = cpu.s + CpuLayout.xmm(0);
        Simd.put(to, low, high);
        if (op.vectorLength != 0) {
            Simd.put(to + 16, 0, 0);
        }
    }
}
