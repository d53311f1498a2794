package proteus.x86.decode;

import static proteus.x86.decode.OpcodeTable.*;

/** Decodes one instruction at a time. Stateless, allocates nothing, any thread may call it. */
public final class Decoder {
    /** What {@link #decode} returns for an instruction of more than 15 bytes, which is #GP(0) and not #UD (SDM vol. 2, 2.3.11). */
    public static final int TOO_LONG = 0;

    // What prefixes say, in one int. B, X, R, W stand where REX has them; BX2 and the like are the fifth bits of EVEX.
    static final int REX_B = 1, REX_X = 2, REX_R = 4, REX_W = 8, REX_BITS = 15, REX_PRESENT = 1 << 4, OPERAND_SIZE = 1 << 5,
        ADDRESS_SIZE = 1 << 6, REPE = 1 << 7, REPNE = 1 << 8, LOCK = 1 << 9, VEX_PRESENT = 1 << 10, EVEX_PRESENT = 1 << 11, EVEX_R2 = 1 << 12,
        EVEX_B = 1 << 13, EVEX_Z = 1 << 14, VECTOR_PREFIX = VEX_PRESENT | EVEX_PRESENT;
    private static final int LENGTH_SHIFT = 15, VVVV_SHIFT = 17, VVVV_MASK = 0x1F, MASK_SHIFT = 22;

    private static final int NO_MODRM = -1;
    private static final int ES = 0, CS = 1, SS = 2, DS = 3, FS = 4, GS = 5;
    private static final int SP = 4, BP = 5, BX = 3, SI = 6, DI = 7;
    /** CR0, CR2, CR3, CR4, CR8. */
    private static final int CONTROL_REGISTERS = 0x11D;

    /** Thrown to the top of decode() at the 16th byte. */
    private static final class TooLong extends RuntimeException {
        private static final long serialVersionUID = 1;
        static final TooLong INSTANCE = new TooLong();

        private TooLong() {
            super(null, null, false, false);
        }
    }

    private Decoder() {
    }

    /**
     * Decodes the instruction that starts at offset 0 of the source. Bytes are fetched in order, each once, and none past the
     * end of the instruction, so a source may fault exactly where the processor would.
     *
     * @param mode code size: 16, 32 or 64
     * @param out receives the instruction. Mnemonic {@link Mnemonic#INVALID} means #UD; its length then counts the bytes looked at
     * @return the length in bytes, or {@link #TOO_LONG} (with mnemonic INVALID and length 0)
     */
    public static int decode(CodeSource source, int mode, Instruction out) {
        reset(mode, out);
        try {
            if (!prefixes(source, mode, out)) {
                invalid(out);
            }
            return out.length;
        } catch (TooLong e) {
            invalid(out);
            out.length = TOO_LONG;
            return TOO_LONG;
        }
    }

    private static void reset(int mode, Instruction out) {
        out.mnemonic = Mnemonic.INVALID;
        out.length = 0;
        out.mode = mode;
        out.operandSize = mode == 16 ? 16 : 32;
        out.addressSize = mode;
        out.condition = 0;
        out.lock = false;
        out.rep = false;
        out.repne = false;
        out.segmentOverride = -1;
        out.operandCount = 0;
        out.segment = DS;
        out.base = Instruction.NO_REGISTER;
        out.index = Instruction.NO_REGISTER;
        out.scale = 0;
        out.displacement = 0;
        out.immediate = 0;
        out.immediate2 = 0;
        out.mod = -1;
        out.reg = -1;
        out.rm = -1;
        out.vectorLength = 0;
        out.evex = false;
        out.maskRegister = 0;
        out.zeroing = false;
        out.broadcast = false;
        out.embeddedRounding = false;
        out.roundingControl = 0;
    }

    private static void invalid(Instruction out) {
        out.mnemonic = Mnemonic.INVALID;
        out.operandCount = 0;
    }

    private static int next(CodeSource source, Instruction out) {
        int at = out.length;
        if (at >= Instruction.MAX_LENGTH) {
            throw TooLong.INSTANCE;
        }
        out.length = at + 1;
        return source.byteAt(at) & 0xFF;
    }

    private static int next16(CodeSource source, Instruction out) {
        int low = next(source, out);
        return low | next(source, out) << 8;
    }

    private static int next32(CodeSource source, Instruction out) {
        int low = next16(source, out);
        return low | next16(source, out) << 16;
    }

    private static long next64(CodeSource source, Instruction out) {
        long low = next32(source, out) & 0xFFFF_FFFFL;
        return low | (long) next32(source, out) << 32;
    }

    /** Collects legacy prefixes and REX, then goes to the map. */
    private static boolean prefixes(CodeSource source, int mode, Instruction out) {
        int state = 0;
        while (true) {
            int opcode = next(source, out);
            switch (opcode) {
                case 0x26, 0x2E, 0x36, 0x3E -> {
                    if (mode != 64) {
                        out.segmentOverride = opcode >> 3 & 3;
                    }
                }
                case 0x64 -> out.segmentOverride = FS;
                case 0x65 -> out.segmentOverride = GS;
                case 0x66 -> state |= OPERAND_SIZE;
                case 0x67 -> state |= ADDRESS_SIZE;
                case 0xF0 -> state |= LOCK;
                case 0xF2 -> state = state & ~REPE | REPNE;
                case 0xF3 -> state = state & ~REPNE | REPE;
                default -> {
                    if (mode == 64 && (opcode & 0xF0) == 0x40) {
                        // Counts only if nothing but the opcode follows
                        state = state & ~REX_BITS | REX_PRESENT | opcode & REX_BITS;
                        continue;
                    }
                    return opcode(source, mode, out, state, opcode);
                }
            }
            state &= ~(REX_BITS | REX_PRESENT);
        }
    }

    private static boolean opcode(CodeSource source, int mode, Instruction out, int state, int first) {
        int map = ONE_BYTE;
        int opcode = first;
        switch (first) {
            case 0x0F -> {
                map = MAP_0F;
                opcode = next(source, out);
                if (opcode == 0x38 || opcode == 0x3A) {
                    map = opcode == 0x38 ? MAP_0F38 : MAP_0F3A;
                    opcode = next(source, out);
                }
            }
            case 0xC4, 0xC5, 0x62 -> {
                int payload = next(source, out);
                if (mode != 64 && payload < 0xC0) {
                    // LES, LDS and BOUND have no register form, which leaves room for VEX and EVEX outside 64-bit mode
                    return select(source, mode, out, state, ONE_BYTE, opcode, payload);
                }
                return first == 0x62 ? evex(source, mode, out, state, payload) : vex(source, mode, out, state, first, payload);
            }
            default -> { }
        }
        return select(source, mode, out, state, map, opcode, NO_MODRM);
    }

    /** SDM vol. 2, 2.3.5. */
    private static boolean vex(CodeSource source, int mode, Instruction out, int legacy, int first, int payload) {
        if ((legacy & (OPERAND_SIZE | REPE | REPNE | LOCK | REX_PRESENT)) != 0) {
            return false;
        }
        int map = MAP_0F;
        int state = legacy | VEX_PRESENT | (~payload >> 5 & REX_R);
        int last = payload;
        if (first == 0xC4) {
            map = payload & 0x1F;
            if (map < MAP_0F || map > MAP_0F3A) {
                return false;
            }
            state |= ~payload >> 5 & (REX_X | REX_B);
            last = next(source, out);
            state |= last >> 4 & REX_W;
        }
        state = vvvvLengthPrefix(state, last, last >> 2 & 1);
        return select(source, mode, out, mode == 64 ? state : legacyRegisters(state), map + VEX, next(source, out), NO_MODRM);
    }

    /** SDM vol. 2, 2.7.1. */
    private static boolean evex(CodeSource source, int mode, Instruction out, int legacy, int p0) {
        if ((legacy & (OPERAND_SIZE | REPE | REPNE | LOCK | REX_PRESENT)) != 0) {
            return false;
        }
        int map = p0 & 7;
        int p1 = next(source, out);
        int p2 = next(source, out);
        if ((p0 & 8) != 0 || map < MAP_0F || map > MAP_0F3A || (p1 & 4) == 0) {
            return false;
        }
        int state = legacy | EVEX_PRESENT | ~p0 >> 5 & (REX_R | REX_X | REX_B) | p1 >> 4 & REX_W;
        state |= (p0 & 0x10) == 0 ? EVEX_R2 : 0;
        state |= (p2 & 0x10) != 0 ? EVEX_B : 0;
        state |= (p2 & 0x80) != 0 ? EVEX_Z : 0;
        state = vvvvLengthPrefix(state, p1, p2 >> 5 & 3) | (~p2 & 8) << VVVV_SHIFT + 1 | (p2 & 7) << MASK_SHIFT;
        out.maskRegister = p2 & 7;
        out.zeroing = (p2 & 0x80) != 0;
        return select(source, mode, out, mode == 64 ? state : legacyRegisters(state), map + EVEX, next(source, out), NO_MODRM);
    }

    private static int vvvvLengthPrefix(int state, int last, int length) {
        int prefix = switch (last & 3) {
            case 1 -> OPERAND_SIZE;
            case 2 -> REPE;
            case 3 -> REPNE;
            default -> 0;
        };
        return state | prefix | (~last >> 3 & 15) << VVVV_SHIFT | length << LENGTH_SHIFT;
    }

    /** Outside 64-bit mode only eight registers are addressable; the other bits are ignored. */
    private static int legacyRegisters(int state) {
        return state & ~(REX_R | REX_X | REX_B | EVEX_R2 | 0x18 << VVVV_SHIFT);
    }

    /** Walks the decision blocks of the map to the form. */
    private static boolean select(CodeSource source, int mode, Instruction out, int state, int map, int opcode, int early) {
        int modRm = early;
        int cell = ROOT[map << 8 | opcode];
        while (cell < 0) {
            int block = -cell;
            int question = NODES[block];
            if (question >= BY_LENGTH && modRm < 0 && (question >= BY_MOD || (state & EVEX_PRESENT) != 0)) {
                modRm = next(source, out);
            }
            int answer = switch (question) {
                case BY_MODE -> mode == 64 ? 1 : 0;
                case BY_PREFIX -> (state & REPNE) != 0 ? 3 : (state & REPE) != 0 ? 2 : (state & OPERAND_SIZE) != 0 ? 1 : 0;
                case BY_W -> state >> 3 & 1;
                case BY_REX_B -> state & 1;
                // With embedded rounding the length bits are the rounding mode of a 512-bit or scalar operation
                case BY_LENGTH -> (state & EVEX_B) != 0 && modRm >= 0xC0 ? 2 : state >> LENGTH_SHIFT & 3;
                case BY_MOD -> modRm >= 0xC0 ? 1 : 0;
                case BY_REG -> modRm >> 3 & 7;
                default -> modRm & 7;
            };
            cell = NODES[block + 1 + answer];
        }
        if (modRm >= 0) {
            modRmFields(out, modRm);
        }
        return cell != 0 && form(source, mode, out, state, opcode, cell, modRm);
    }

    private static void modRmFields(Instruction out, int modRm) {
        out.mod = modRm >> 6;
        out.reg = modRm >> 3 & 7;
        out.rm = modRm & 7;
    }

    private static boolean form(CodeSource source, int mode, Instruction out, int state, int opcode, int form, int early) {
        int flags = FLAGS[form];
        out.mnemonic = MNEMONIC[form];
        out.condition = (flags & CONDITION) != 0 ? opcode & 15 : 0;
        out.lock = (state & LOCK) != 0;
        if ((flags & MANDATORY_REP) == 0 && (state & VECTOR_PREFIX) == 0) {
            out.rep = (state & REPE) != 0;
            out.repne = (state & REPNE) != 0;
        }
        if ((flags & MODRM) != 0) {
            if (early < 0) {
                modRmFields(out, next(source, out));
            }
            if ((flags & ANY_MOD) != 0) {
                out.mod = 3;
            }
        }
        if (out.segmentOverride >= 0) {
            out.segment = out.segmentOverride;
        }
        boolean wide = mode == 64 && (state & REX_W) != 0;
        int operand = operandSize(mode, wide, flags, state);
        int address = (state & ADDRESS_SIZE) == 0 ? mode : mode == 32 ? 16 : 32;
        out.addressSize = address;
        out.operandSize = operand;
        boolean legal = true;
        int vector = 128;
        if ((state & VECTOR_PREFIX) != 0) {
            boolean register = out.mod == 3;
            int length = state >> LENGTH_SHIFT & 3;
            if ((state & EVEX_B) != 0 && register) {
                out.roundingControl = length;
                length = 2;
            }
            vector = 128 << length;
            out.vectorLength = vector;
            out.evex = (state & EVEX_PRESENT) != 0;
            legal = length < 3 && vectorLegal(out, state, flags, register);
        }
        legal &= operands(source, out, state, opcode, form, operand, wide, vector);
        legal &= !out.zeroing || out.kind[0] != Instruction.MEMORY;
        if ((flags & VSIB) != 0) {
            legal &= gatherLegal(out);
        }
        if ((flags & STRING) != 0) {
            out.operandSize = OperandCode.bits(OperandCode.registerSize(OPERANDS[form * Instruction.MAX_OPERANDS]), operand, mode, wide, vector, address);
        } else if ((flags & BYTE_FORM) != 0) {
            out.operandSize = 8;
        }
        if (out.lock && ((flags & LOCKABLE) == 0 || out.mod == 3)) {
            legal = false;
        }
        return legal;
    }

    static int operandSize(int mode, boolean wide, int flags, int state) {
        boolean prefixed = (state & OPERAND_SIZE) != 0;
        if (wide || mode == 64 && (flags & FORCED_64) != 0) {
            return 64;
        }
        if ((flags & MANDATORY_66) != 0 || (state & VECTOR_PREFIX) != 0) {
            return 32;
        }
        if (mode == 64) {
            return prefixed ? 16 : (flags & DEFAULT_64) != 0 ? 64 : 32;
        }
        return prefixed == (mode == 32) ? 16 : 32;
    }

    /** What VEX.vvvv, EVEX.aaa, z and b may be (SDM vol. 2, 2.7.11). */
    private static boolean vectorLegal(Instruction out, int state, int flags, boolean register) {
        int vvvv = state >> VVVV_SHIFT & VVVV_MASK;
        boolean legal = (flags & USES_VVVV) != 0 || ((flags & VSIB) != 0 && (state & EVEX_PRESENT) != 0 ? vvvv & 15 : vvvv) == 0;
        if ((state & EVEX_PRESENT) == 0) {
            return legal;
        }
        boolean masked = out.maskRegister != 0;
        legal &= !masked || (flags & MASKABLE) != 0;
        legal &= masked || (flags & NEEDS_MASK) == 0;
        legal &= !out.zeroing || ((flags & ZEROABLE) != 0 && masked);
        if ((state & EVEX_B) != 0) {
            out.broadcast = true;
            out.embeddedRounding = register && (flags & ROUNDING) != 0;
            legal &= (flags & (register ? SUPPRESS : BROADCAST_32 | BROADCAST_64)) != 0;
        }
        return legal;
    }

    /** A gather's destination, index and mask are different registers; a scatter may store its index. */
    private static boolean gatherLegal(Instruction out) {
        if (out.kind[0] == Instruction.MEMORY) {
            return true;
        }
        int destination = out.register[0];
        return destination != out.index && (out.operandCount < 3 || destination != out.register[2] && out.index != out.register[2]);
    }

    private static boolean operands(CodeSource source, Instruction out, int state, int opcode, int form, int operand, boolean wide, int vector) {
        int mode = out.mode;
        int count = OPERAND_COUNT[form];
        boolean legal = true;
        boolean immediateSeen = false;
        out.operandCount = count;
        for (int i = 0; i < count; i++) {
            int code = OPERANDS[form * Instruction.MAX_OPERANDS + i];
            int bits = OperandCode.bits(OperandCode.registerSize(code), operand, mode, wide, vector, out.addressSize);
            int kind = Instruction.NONE;
            int register = 0;
            switch (OperandCode.method(code)) {
                case OperandCode.RM_GPR, OperandCode.RM_VECTOR, OperandCode.RM_MMX, OperandCode.RM_MASK -> {
                    if (out.mod != 3) {
                        bits = OperandCode.bits(OperandCode.memorySize(code), operand, mode, wide, vector, out.addressSize);
                        int shift = 0;
                        if ((state & EVEX_PRESENT) != 0) {
                            if (out.broadcast) {
                                bits = (FLAGS[form] & BROADCAST_64) != 0 ? 64 : 32;
                            }
                            // The compressed displacement counts memory operands (SDM vol. 2, 2.7.5)
                            shift = Integer.numberOfTrailingZeros(bits >> 3);
                        }
                        kind = Instruction.MEMORY;
                        legal &= memory(source, out, state, shift, (FLAGS[form] & VSIB) != 0);
                    } else {
                        register = out.rm | (state & REX_B) << 3;
                        switch (OperandCode.method(code)) {
                            case OperandCode.RM_GPR -> kind = gpr(register, bits, state);
                            case OperandCode.RM_MMX -> {
                                kind = Instruction.MMX;
                                register = out.rm;
                            }
                            case OperandCode.RM_MASK -> {
                                kind = Instruction.MASK;
                                register = out.rm;
                            }
                            default -> {
                                kind = vectorKind(bits);
                                register |= (state & EVEX_PRESENT) != 0 ? (state & REX_X) << 3 : 0;
                            }
                        }
                    }
                }
                case OperandCode.REG_GPR -> {
                    register = out.reg | (state & REX_R) << 1;
                    kind = gpr(register, bits, state);
                }
                case OperandCode.OPCODE_GPR -> {
                    register = opcode & 7 | (state & REX_B) << 3;
                    kind = gpr(register, bits, state);
                }
                case OperandCode.FIXED_GPR -> {
                    register = OperandCode.memorySize(code);
                    kind = Instruction.GPR;
                }
                case OperandCode.VVVV_GPR -> {
                    register = state >> VVVV_SHIFT & 15;
                    kind = Instruction.GPR;
                }
                case OperandCode.SEGMENT -> {
                    register = out.reg;
                    kind = Instruction.SEGMENT;
                    // There is no sixth segment register, and MOV does not load CS
                    legal &= register <= GS && (i != 0 || register != CS);
                }
                case OperandCode.FIXED_SEGMENT -> {
                    register = OperandCode.memorySize(code);
                    kind = Instruction.SEGMENT;
                }
                case OperandCode.CONTROL -> {
                    register = out.reg | (state & REX_R) << 1;
                    kind = Instruction.CONTROL;
                    legal &= (CONTROL_REGISTERS >> register & 1) != 0;
                }
                case OperandCode.DEBUG -> {
                    register = out.reg | (state & REX_R) << 1;
                    kind = Instruction.DEBUG;
                    legal &= register < 8;
                }
                case OperandCode.MOFFS -> {
                    kind = Instruction.MEMORY;
                    out.displacement = switch (out.addressSize) {
                        case 16 -> next16(source, out);
                        case 32 -> next32(source, out) & 0xFFFF_FFFFL;
                        default -> next64(source, out);
                    };
                }
                case OperandCode.IMMEDIATE -> {
                    kind = Instruction.IMMEDIATE;
                    long value = switch (OperandCode.registerSize(code)) {
                        case OperandCode.B -> next(source, out);
                        case OperandCode.W -> next16(source, out);
                        case OperandCode.Z -> {
                            int low = bits == 16 ? next16(source, out) : next32(source, out);
                            bits = operand;
                            yield operand == 64 ? low : low & 0xFFFF_FFFFL;
                        }
                        default -> bits == 16 ? next16(source, out) : bits == 32 ? next32(source, out) & 0xFFFF_FFFFL : next64(source, out);
                    };
                    if (immediateSeen) {
                        out.immediate2 = (int) value;
                    } else {
                        out.immediate = value;
                        immediateSeen = true;
                    }
                }
                case OperandCode.IMMEDIATE_SIGNED -> {
                    kind = Instruction.IMMEDIATE;
                    bits = operand;
                    out.immediate = (byte) next(source, out);
                }
                case OperandCode.ONE -> {
                    kind = Instruction.IMMEDIATE;
                    out.immediate = 1;
                }
                case OperandCode.RELATIVE -> {
                    kind = Instruction.RELATIVE;
                    out.immediate = bits == 8 ? (byte) next(source, out) : bits == 16 ? (short) next16(source, out) : next32(source, out);
                    bits = operand;
                }
                case OperandCode.FAR -> {
                    kind = Instruction.FAR_POINTER;
                    out.immediate = operand == 16 ? next16(source, out) : next32(source, out) & 0xFFFF_FFFFL;
                    out.immediate2 = next16(source, out);
                }
                case OperandCode.ST_TOP -> kind = Instruction.X87;
                case OperandCode.ST_RM -> {
                    kind = Instruction.X87;
                    register = out.rm;
                }
                case OperandCode.REG_MMX -> {
                    kind = Instruction.MMX;
                    register = out.reg;
                }
                case OperandCode.REG_VECTOR -> {
                    kind = vectorKind(bits);
                    register = out.reg | (state & REX_R) << 1 | ((state & EVEX_R2) != 0 ? 16 : 0);
                }
                case OperandCode.VVVV_VECTOR -> {
                    kind = vectorKind(bits);
                    register = state >> VVVV_SHIFT & VVVV_MASK;
                }
                case OperandCode.IMMEDIATE_VECTOR -> {
                    kind = vectorKind(bits);
                    int value = next(source, out);
                    register = value >> 4 & (mode == 64 ? 15 : 7);
                    out.immediate = value;
                }
                case OperandCode.XMM0 -> kind = Instruction.XMM;
                case OperandCode.REG_MASK -> {
                    kind = Instruction.MASK;
                    register = out.reg;
                    legal &= (state & (REX_R | EVEX_R2)) == 0;
                }
                case OperandCode.VVVV_MASK -> {
                    kind = Instruction.MASK;
                    register = state >> VVVV_SHIFT & 7;
                    legal &= (state >> VVVV_SHIFT & 8) == 0;
                }
                default -> { }
            }
            out.kind[i] = kind;
            out.register[i] = register;
            out.size[i] = bits;
        }
        return legal;
    }

    private static int gpr(int register, int bits, int state) {
        return bits == 8 && register >= 4 && (state & (REX_PRESENT | VECTOR_PREFIX)) == 0 ? Instruction.GPR8_HIGH : Instruction.GPR;
    }

    static int vectorKind(int bits) {
        return bits > 256 ? Instruction.ZMM : bits > 128 ? Instruction.YMM : Instruction.XMM;
    }

    /** The memory form of ModRM (SDM vol. 2, tables 2-1 to 2-3). */
    private static boolean memory(CodeSource source, Instruction out, int state, int shift, boolean vsib) {
        if (out.addressSize == 16) {
            memory16(source, out, shift);
            return !vsib;
        }
        int mod = out.mod;
        int base = out.rm;
        boolean sib = base == SP;
        if (sib) {
            int value = next(source, out);
            out.scale = value >> 6;
            int index = value >> 3 & 7 | (state & REX_X) << 2;
            if (vsib) {
                out.index = index | ((state & EVEX_PRESENT) != 0 ? state >> VVVV_SHIFT & 16 : 0);
            } else if (index != SP) {
                out.index = index;
            }
            base = value & 7;
        }
        boolean wide = false;
        if (base == BP && mod == 0) {
            wide = true;
            if (!sib && out.mode == 64) {
                out.base = Instruction.RIP;
            }
        } else {
            int register = base | (state & REX_B) << 3;
            out.base = register;
            if ((register == SP || register == BP) && out.segmentOverride < 0) {
                out.segment = SS;
            }
        }
        if (wide || mod == 2) {
            out.displacement = next32(source, out);
        } else if (mod == 1) {
            out.displacement = (long) (byte) next(source, out) << shift;
        }
        return sib || !vsib;
    }

    private static void memory16(CodeSource source, Instruction out, int shift) {
        int rm = out.rm;
        int base = switch (rm) {
            case 0, 1, 7 -> BX;
            case 2, 3, 6 -> BP;
            case 4 -> SI;
            default -> DI;
        };
        if (rm < 4) {
            out.index = (rm & 1) == 0 ? SI : DI;
        }
        if (rm == 6 && out.mod == 0) {
            out.displacement = (short) next16(source, out);
            return;
        }
        out.base = base;
        if (base == BP && out.segmentOverride < 0) {
            out.segment = SS;
        }
        if (out.mod == 1) {
            out.displacement = (long) (byte) next(source, out) << shift;
        } else if (out.mod == 2) {
            out.displacement = (short) next16(source, out);
        }
    }
}
