package proteus.x86.decode;

import static proteus.x86.decode.OpcodeTable.*;

import java.util.Arrays;

/** One attempt to write a request by one line of the table with given operand size, W and vector length. */
final class Emission {
    enum Outcome { DONE, OPERANDS, ADDRESS, VALUE, RANGE }

    private static final int MAX_BYTES = 32;
    private static final int[] SEGMENT_PREFIX = {0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65};
    private static final int[] MANDATORY_PREFIX = {0, 0x66, 0xF3, 0xF2};
    /** Room for two immediates, a branch distance or a full address. */
    private static final int MAX_TAIL = 16;

    private final EncodeRequest request;
    private final Line line;
    private final int flags;
    private final boolean vector, evex;
    private final int operand, vectorBits;
    private final boolean wideBit;
    private final int address;
    private final ModRmWriter modRm;

    private boolean needsRex, forbidsRex;
    private int opcode;
    private int vvvv;
    /** Immediates, a branch distance or an address, in the order of the operands. */
    private final byte[] tail = new byte[MAX_TAIL];
    private int tailLength;
    private int relativeWidth;
    private long relativeTarget;

    private final byte[] out = new byte[MAX_BYTES];
    private int length;

    Emission(EncodeRequest request, Line line, int operand, boolean wideBit, int vectorBits) {
        this.request = request;
        this.line = line;
        this.flags = FLAGS[line.form()];
        this.vector = line.map() >= MAP_0F + VEX;
        this.evex = line.map() >= MAP_0F + EVEX;
        this.operand = operand;
        this.wideBit = wideBit;
        this.vectorBits = vectorBits;
        this.address = addressSize();
        this.modRm = new ModRmWriter(request, line, address, (flags & VSIB) != 0);
    }

    byte[] bytes() {
        return Arrays.copyOf(out, length);
    }

    /** The address size asked for, or that of a register which holds an address, or that of the mode. */
    private int addressSize() {
        if (request.addressSize != 0) {
            return request.addressSize;
        }
        int count = Math.min(OPERAND_COUNT[line.form()], request.operands.size());
        for (int i = 0; i < count; i++) {
            EncodeRequest.Operand given = request.operands.get(i);
            if (OperandCode.registerSize(code(i)) == OperandCode.J && given.kind() == Instruction.GPR) {
                return given.size();
            }
        }
        return request.mode;
    }

    private int code(int operandIndex) {
        return OPERANDS[line.form() * Instruction.MAX_OPERANDS + operandIndex];
    }

    /**
     * Writes the instruction.
     *
     * @param given which operand of the request stands for each of the line, -1 for an implied one
     * @param prefix66 whether there is a 66
     * @param lengthBits of VEX or EVEX, embedded rounding aside
     */
    Outcome emit(int[] given, boolean prefix66, int lengthBits) {
        boolean long64 = request.mode == 64;
        if (address == (long64 ? 16 : 64)) {
            return Outcome.ADDRESS;
        }
        if (!decorationsAllowed()) {
            return Outcome.OPERANDS;
        }
        opcode = (flags & CONDITION) != 0 ? line.firstOpcode() & 0xF0 | request.condition : line.lastOpcode();
        for (int i = 0; i < given.length; i++) {
            if (given[i] >= 0) {
                Outcome outcome = operand(code(i), request.operands.get(given[i]));
                if (outcome != Outcome.DONE) {
                    return outcome;
                }
            }
        }
        return layOut(prefix66, lengthBits);
    }

    private boolean decorationsAllowed() {
        boolean rounds = request.rounding >= 0;
        boolean suppressesOnly = request.rounding == EncodeRequest.SUPPRESS_EXCEPTIONS;
        boolean decorated = rounds || request.maskRegister != 0 || request.zeroing || request.broadcast;
        return (!decorated || evex) && (!rounds || (flags & SUPPRESS) != 0 && suppressesOnly == ((flags & ROUNDING) == 0))
            && (!request.broadcast || (flags & (BROADCAST_32 | BROADCAST_64)) != 0);
    }

    private int bits(int size) {
        return OperandCode.bits(size, operand, request.mode, wideBit && request.mode == 64, vectorBits, address);
    }

    private Outcome operand(int code, EncodeRequest.Operand want) {
        int bits = bits(OperandCode.registerSize(code));
        int kind = want.kind();
        int register = want.register();
        int fixed = OperandCode.memorySize(code);
        return switch (OperandCode.method(code)) {
            case OperandCode.RM_GPR -> kind == Instruction.MEMORY ? memory(code, want) : done(gpr(want, bits) && modRm.register(register));
            case OperandCode.RM_MMX -> kind == Instruction.MEMORY ? memory(code, want) : done(kind == Instruction.MMX && modRm.register(register));
            case OperandCode.RM_MASK -> kind == Instruction.MEMORY ? memory(code, want) : done(kind == Instruction.MASK && modRm.register(register));
            case OperandCode.RM_VECTOR -> kind == Instruction.MEMORY ? memory(code, want) : done(vector(want, bits) && modRm.register(register));
            case OperandCode.REG_GPR -> done(gpr(want, bits) && modRm.reg(register));
            case OperandCode.OPCODE_GPR -> done(gpr(want, bits) && opcodeRegister(register));
            case OperandCode.FIXED_GPR -> done(kind == Instruction.GPR && want.size() == bits && register == fixed);
            case OperandCode.VVVV_GPR -> done(gpr(want, bits) && vvvv(register));
            case OperandCode.SEGMENT -> done(kind == Instruction.SEGMENT && modRm.reg(register));
            case OperandCode.FIXED_SEGMENT -> done(kind == Instruction.SEGMENT && register == fixed);
            case OperandCode.CONTROL -> done(kind == Instruction.CONTROL && modRm.reg(register));
            case OperandCode.DEBUG -> done(kind == Instruction.DEBUG && modRm.reg(register));
            case OperandCode.MOFFS -> fullAddress(want, bits);
            case OperandCode.IMMEDIATE -> kind == Instruction.IMMEDIATE ? immediate(code, want, bits) : Outcome.OPERANDS;
            case OperandCode.IMMEDIATE_SIGNED -> kind == Instruction.IMMEDIATE ? signedByte(want) : Outcome.OPERANDS;
            case OperandCode.ONE -> done(kind == Instruction.IMMEDIATE && want.value() == 1 && !want.strict());
            case OperandCode.RELATIVE -> kind == Instruction.IMMEDIATE ? relative(want, bits) : Outcome.OPERANDS;
            case OperandCode.FAR -> kind == Instruction.FAR_POINTER ? far(want) : Outcome.OPERANDS;
            case OperandCode.ST_TOP -> done(kind == Instruction.X87 && register == 0);
            case OperandCode.ST_RM -> done(kind == Instruction.X87 && modRm.register(register));
            case OperandCode.REG_MMX -> done(kind == Instruction.MMX && modRm.reg(register));
            case OperandCode.REG_VECTOR -> done(vector(want, bits) && modRm.reg(register));
            case OperandCode.VVVV_VECTOR -> done(vector(want, bits) && vvvv(register));
            case OperandCode.IMMEDIATE_VECTOR -> done(vector(want, bits) && append(register << 4, 1));
            case OperandCode.XMM0 -> done(kind == Instruction.XMM && register == 0);
            case OperandCode.REG_MASK -> done(kind == Instruction.MASK && modRm.reg(register));
            case OperandCode.VVVV_MASK -> done(kind == Instruction.MASK && vvvv(register));
            default -> Outcome.OPERANDS;
        };
    }

    private static Outcome done(boolean fits) {
        return fits ? Outcome.DONE : Outcome.OPERANDS;
    }

    private boolean gpr(EncodeRequest.Operand want, int bits) {
        if (want.size() != bits || want.register() >= 8 && request.mode != 64) {
            return false;
        }
        if (want.kind() == Instruction.GPR8_HIGH) {
            forbidsRex = true;
            return !vector;
        }
        needsRex |= bits == 8 && want.register() >= 4 && !vector;
        return want.kind() == Instruction.GPR;
    }

    private boolean vector(EncodeRequest.Operand want, int bits) {
        int limit = request.mode != 64 ? 8 : evex ? 32 : 16;
        return want.kind() == Decoder.vectorKind(bits) && want.register() < limit;
    }

    private boolean opcodeRegister(int register) {
        opcode = line.firstOpcode() & 0xF8 | register & 7;
        modRm.extendRm(register);
        return opcode >= line.firstOpcode() && opcode <= line.lastOpcode();
    }

    private boolean vvvv(int register) {
        vvvv = register;
        return true;
    }

    private Outcome memory(int code, EncodeRequest.Operand want) {
        int bits = bits(OperandCode.memorySize(code));
        if (request.broadcast) {
            bits = (flags & BROADCAST_64) != 0 ? 64 : 32;
        }
        if (want.size() != 0 && bits != 0 && want.size() != bits || !modRm.allowsMemory()) {
            return Outcome.OPERANDS;
        }
        return modRm.memory(evex ? Integer.numberOfTrailingZeros(Math.max(bits >> 3, 1)) : 0) ? Outcome.DONE : Outcome.ADDRESS;
    }

    private Outcome fullAddress(EncodeRequest.Operand want, int bits) {
        EncodeRequest.Memory memory = request.memory;
        if (want.kind() != Instruction.MEMORY || want.size() != 0 && want.size() != bits || memory.base() != Instruction.NO_REGISTER
            || memory.index() != Instruction.NO_REGISTER || memory.displacementBits() != 0 && memory.displacementBits() != address) {
            return Outcome.OPERANDS;
        }
        if (!fits(memory.displacement(), address)) {
            return Outcome.ADDRESS;
        }
        return done(append(memory.displacement(), address >> 3));
    }

    /** Signed or unsigned, as programmers write it. */
    static boolean fits(long value, int bits) {
        return bits >= 64 || value >= -(1L << bits - 1) && value < 1L << bits;
    }

    private Outcome immediate(int code, EncodeRequest.Operand want, int bits) {
        int size = OperandCode.registerSize(code);
        boolean extended = size == OperandCode.Z && operand == 64;
        int width = bits;
        int meant = extended ? operand : bits;
        if (want.size() != 0 && want.size() != width && (want.strict() || want.size() != meant)) {
            return Outcome.OPERANDS;
        }
        if (extended ? want.value() != (int) want.value() : !fits(want.value(), width)) {
            return Outcome.VALUE;
        }
        return done(append(want.value(), width >> 3));
    }

    private Outcome signedByte(EncodeRequest.Operand want) {
        if (want.size() != 0 && want.size() != 8 && (want.strict() || want.size() != operand)) {
            return Outcome.OPERANDS;
        }
        int unused = Long.SIZE - operand;
        long value = want.value() << unused >> unused;
        if (!fits(want.value(), operand) || value != (byte) value) {
            return Outcome.VALUE;
        }
        return done(append(value, 1));
    }

    private Outcome relative(EncodeRequest.Operand want, int bits) {
        int size = want.size();
        boolean sizeFits = size == 0 || size == EncodeRequest.NEAR && bits != 8 || size == 8 && bits == 8 || size > 8 && size == operand;
        if (!sizeFits) {
            return Outcome.OPERANDS;
        }
        relativeWidth = bits >> 3;
        relativeTarget = want.value();
        return done(append(0, relativeWidth));
    }

    private Outcome far(EncodeRequest.Operand want) {
        if (want.size() != 0 && want.size() != operand) {
            return Outcome.OPERANDS;
        }
        if (!fits(want.value(), operand)) {
            return Outcome.VALUE;
        }
        return done(append(want.value(), operand >> 3) && append(want.register(), 2));
    }

    private boolean append(long value, int bytes) {
        for (int i = 0; i < bytes; i++) {
            tail[tailLength++] = (byte) (value >> 8 * i);
        }
        return true;
    }

    private Outcome layOut(boolean prefix66, int lengthBits) {
        boolean mandatory66 = line.masks()[BY_PREFIX] == WITH_66;
        prefixes(prefix66 && !mandatory66);
        if (!vector) {
            if (!legacyOpcode()) {
                return Outcome.OPERANDS;
            }
        } else if (!evex) {
            vexOpcode(lengthBits);
        } else {
            evexOpcode(lengthBits);
        }
        if ((flags & MODRM) != 0) {
            length += modRm.write(out, length);
        }
        System.arraycopy(tail, 0, out, length, tailLength);
        length += tailLength;
        if (!modRm.patchTarget(out, request.address + length)) {
            return Outcome.RANGE;
        }
        return relativeWidth == 0 || patchRelative() ? Outcome.DONE : Outcome.RANGE;
    }

    private void prefixes(boolean operandSize) {
        if (request.lock) {
            put(0xF0);
        }
        if (request.rep || request.repne) {
            put(request.rep ? 0xF3 : 0xF2);
        }
        if (request.segmentOverride >= 0) {
            put(SEGMENT_PREFIX[request.segmentOverride]);
        }
        if (operandSize) {
            put(0x66);
        }
        if (address != request.mode) {
            put(0x67);
        }
    }

    private void put(int value) {
        out[length++] = (byte) value;
    }

    private int prefixNumber() {
        return switch (line.masks()[BY_PREFIX]) {
            case WITH_66 -> 1;
            case WITH_F3 -> 2;
            case WITH_F2 -> 3;
            default -> 0;
        };
    }

    private boolean legacyOpcode() {
        int prefix = prefixNumber();
        if (prefix != 0) {
            put(MANDATORY_PREFIX[prefix]);
        }
        int rex = modRm.rex() | (wideBit ? Decoder.REX_W : 0);
        if (rex != 0 || needsRex) {
            if (forbidsRex || request.mode != 64) {
                return false;
            }
            put(0x40 | rex);
        }
        if (line.map() != ONE_BYTE) {
            put(0x0F);
            if (line.map() != MAP_0F) {
                put(line.map() == MAP_0F38 ? 0x38 : 0x3A);
            }
        }
        put(opcode);
        return true;
    }

    /** SDM vol. 2, 2.3.5. */
    private void vexOpcode(int lengthBits) {
        int rex = modRm.rex();
        int last = (~vvvv & 15) << 3 | lengthBits << 2 | prefixNumber();
        int map = line.map() - VEX;
        if (map == MAP_0F && (rex & (Decoder.REX_X | Decoder.REX_B)) == 0 && !wideBit) {
            put(0xC5);
            put((~rex & Decoder.REX_R) << 5 | last);
        } else {
            put(0xC4);
            put((~rex & 7) << 5 | map);
            put((wideBit ? 0x80 : 0) | last);
        }
        put(opcode);
    }

    /** SDM vol. 2, 2.7.1. */
    private void evexOpcode(int lengthBits) {
        boolean rounds = request.rounding >= 0;
        int ll = rounds ? request.rounding & 3 : lengthBits;
        put(0x62);
        put((~modRm.rex() & 7) << 5 | (modRm.reg4() ? 0 : 0x10) | line.map() - EVEX);
        put((wideBit ? 0x80 : 0) | (~vvvv & 15) << 3 | 4 | prefixNumber());
        boolean fifth = vvvv >= 16 || modRm.index4();
        put((request.zeroing ? 0x80 : 0) | ll << 5 | (rounds || request.broadcast ? 0x10 : 0) | (fifth ? 0 : 8) | request.maskRegister);
        put(opcode);
    }

    /** Writes the distance from the end of the instruction; IP wraps at the operand size. */
    private boolean patchRelative() {
        long distance = relativeTarget - (request.address + length);
        if (operand == 16) {
            distance = (short) distance;
        } else if (operand == 32) {
            distance = (int) distance;
        }
        int bits = relativeWidth << 3;
        if (distance < -(1L << bits - 1) || distance >= 1L << bits - 1) {
            return false;
        }
        for (int i = 0; i < relativeWidth; i++) {
            out[length - relativeWidth + i] = (byte) (distance >> 8 * i);
        }
        return true;
    }
}
