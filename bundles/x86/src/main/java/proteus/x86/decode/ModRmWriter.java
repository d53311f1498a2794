package proteus.x86.decode;

import static proteus.x86.decode.OpcodeTable.*;

/** Collects what goes to ModRM, SIB and displacement (SDM vol. 2, tables 2-1 to 2-3) and writes it. */
final class ModRmWriter {
    private static final int SIB = 4, DISPLACEMENT_ONLY = 5, DISPLACEMENT_ONLY_16 = 6;
    private static final int BX = 3, BP = 5, SI = 6, DI = 7;

    private final EncodeRequest request;
    private final int address;
    private final boolean vsib;
    private final int modMask;
    private int mod = 3;
    private int reg, rm;
    private int rex;
    private boolean reg4, index4;
    private int sib = -1;
    private long displacement;
    private int displacementBytes;
    private boolean target;
    private int displacementAt;

    ModRmWriter(EncodeRequest request, Line line, int address, boolean vsib) {
        this.request = request;
        this.address = address;
        this.vsib = vsib;
        int[] masks = line.masks();
        modMask = masks[BY_MOD];
        reg = masks[BY_REG] == 0 ? 0 : Integer.numberOfTrailingZeros(masks[BY_REG]);
        rm = masks[BY_RM] == 0 ? 0 : Integer.numberOfTrailingZeros(masks[BY_RM]);
        mod = modMask == MEMORY ? 0 : 3;
    }

    int rex() {
        return rex;
    }

    /** The fifth bit of the register in ModRM.reg. */
    boolean reg4() {
        return reg4;
    }

    /** The fifth bit of a vector index. */
    boolean index4() {
        return index4;
    }

    boolean allowsMemory() {
        return modMask == 0 || (modMask & MEMORY) != 0;
    }

    boolean reg(int register) {
        reg = register & 7;
        rex |= (register & 8) != 0 ? Decoder.REX_R : 0;
        reg4 = register >= 16;
        return true;
    }

    /** A register in ModRM.rm; EVEX has its fifth bit in X. */
    boolean register(int register) {
        mod = 3;
        rm = register & 7;
        extendRm(register);
        rex |= register >= 16 ? Decoder.REX_X : 0;
        return modMask == 0 || (modMask & REGISTER) != 0;
    }

    /** The fourth bit of a register in ModRM.rm or in the opcode. */
    void extendRm(int register) {
        rex |= (register & 8) != 0 ? Decoder.REX_B : 0;
    }

    /**
     * The memory operand of the request.
     *
     * @param shift of the compressed displacement of EVEX, 0 for others
     */
    boolean memory(int shift) {
        EncodeRequest.Memory memory = request.memory;
        displacement = memory.displacement();
        target = memory.target();
        if (address == 16) {
            return !vsib && memory16(memory);
        }
        if (memory.base() == Instruction.RIP) {
            mod = 0;
            rm = DISPLACEMENT_ONLY;
            displacementBytes = 4;
            return request.mode == 64 && memory.index() == Instruction.NO_REGISTER && (target || displacement == (int) displacement);
        }
        if (address == 32 ? !Emission.fits(displacement, 32) : displacement != (int) displacement) {
            return false;
        }
        displacement = (int) displacement;
        return base(memory) && index(memory) && width(memory, shift);
    }

    private boolean base(EncodeRequest.Memory memory) {
        int base = memory.base();
        if (base == Instruction.NO_REGISTER) {
            rm = DISPLACEMENT_ONLY;
            return true;
        }
        rm = base & 7;
        extendRm(base);
        return base < 8 || request.mode == 64;
    }

    private boolean index(EncodeRequest.Memory memory) {
        int index = memory.index();
        boolean none = index == Instruction.NO_REGISTER;
        boolean absolute = none && memory.base() == Instruction.NO_REGISTER && request.mode == 64;
        if (none && rm != SIB && !absolute) {
            return !vsib;
        }
        sib = memory.scale() << 6 | (none ? SIB : index & 7) << 3 | rm;
        rm = SIB;
        if (none) {
            return !vsib;
        }
        rex |= (index & 8) != 0 ? Decoder.REX_X : 0;
        index4 = index >= 16;
        return (vsib || index != SIB) && (index < 8 || request.mode == 64);
    }

    private boolean width(EncodeRequest.Memory memory, int shift) {
        int wanted = memory.displacementBits();
        if (memory.base() == Instruction.NO_REGISTER) {
            mod = 0;
            displacementBytes = 4;
            return wanted == 0 || wanted == 32;
        }
        long compressed = displacement >> shift;
        boolean fitsByte = compressed << shift == displacement && compressed == (byte) compressed;
        if (displacement == 0 && wanted == 0 && (memory.base() & 7) != BP) {
            mod = 0;
        } else if (fitsByte && (wanted == 0 || wanted == 8)) {
            mod = 1;
            displacement = compressed;
            displacementBytes = 1;
        } else {
            mod = 2;
            displacementBytes = 4;
            return wanted != 8;
        }
        return true;
    }

    private boolean memory16(EncodeRequest.Memory memory) {
        int wanted = memory.displacementBits();
        if (!Emission.fits(displacement, 16) || target) {
            return false;
        }
        displacement = (short) displacement;
        if (memory.base() == Instruction.NO_REGISTER && memory.index() == Instruction.NO_REGISTER) {
            mod = 0;
            rm = DISPLACEMENT_ONLY_16;
            displacementBytes = 2;
            return wanted == 0 || wanted == 16;
        }
        rm = rm16(memory.base(), memory.index());
        if (displacement == 0 && wanted == 0 && rm != DISPLACEMENT_ONLY_16) {
            mod = 0;
        } else if (displacement == (byte) displacement && (wanted == 0 || wanted == 8)) {
            mod = 1;
            displacementBytes = 1;
        } else {
            mod = 2;
            displacementBytes = 2;
        }
        return rm >= 0 && memory.scale() == 0 && (wanted != 8 || mod == 1);
    }

    private static int rm16(int base, int index) {
        int first = base == SI || base == DI ? index : base;
        int second = base == SI || base == DI ? base : index;
        boolean none = second == Instruction.NO_REGISTER;
        return switch (first) {
            case BX -> none ? 7 : second == SI ? 0 : second == DI ? 1 : -1;
            case BP -> none ? 6 : second == SI ? 2 : second == DI ? 3 : -1;
            case Instruction.NO_REGISTER -> second == SI ? 4 : second == DI ? 5 : -1;
            default -> -1;
        };
    }

    /** Writes ModRM, SIB and displacement; answers how many bytes that is. */
    int write(byte[] out, int at) {
        int next = at;
        out[next++] = (byte) (mod << 6 | reg << 3 | rm);
        if (mod != 3 && sib >= 0) {
            out[next++] = (byte) sib;
        }
        displacementAt = next;
        for (int i = 0; i < displacementBytes; i++) {
            out[next++] = (byte) (displacement >> 8 * i);
        }
        return next - at;
    }

    /** Turns the address that was meant into a distance from the end of the instruction. */
    boolean patchTarget(byte[] out, long end) {
        if (!target) {
            return true;
        }
        long distance = displacement - end;
        if (address == 32) {
            distance = (int) distance;
        }
        for (int i = 0; i < displacementBytes; i++) {
            out[displacementAt + i] = (byte) (distance >> 8 * i);
        }
        return distance == (int) distance;
    }
}
