package proteus.silicon.translate;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Writes host instructions (x86-64) into a buffer that will stand at a known address. Only what translations need: one opcode
 * with a register and a register, memory or immediate operand. Registers are numbered as in the manual, RAX 0 to R15 15;
 * AH to BH cannot be named. Sizes are in bits. Opcodes are bytes in the order of the manual, 0x0FAF for 0F AF; a mandatory
 * prefix stands in bits 31:24 (SDM vol. 2, chapter 2).
 */
final class HostAssembler {
    static final int RAX = 0, RCX = 1, RDX = 2, RBX = 3, RSP = 4, RBP = 5, RSI = 6, RDI = 7, R8 = 8, R9 = 9, R10 = 10, R11 = 11, R12 = 12, R13 = 13,
        R14 = 14, R15 = 15;
    /** No register, in a memory operand. */
    static final int NONE = -1;
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private byte[] code = new byte[1 << 16];
    private int at;
    private long origin;

    /** Starts anew at an address. */
    void begin(long address) {
        origin = address;
        at = 0;
    }

    byte[] code() {
        return code;
    }

    int length() {
        return at;
    }

    /** Address of the next instruction. */
    long here() {
        return origin + at;
    }

    /** Room for one guest instruction and its stubs, whatever it is. */
    void reserve() {
        if (code.length - at < 1024) {
            code = Arrays.copyOf(code, 2 * code.length);
        }
    }

    void put8(int value) {
        code[at++] = (byte) value;
    }

    void put32(int value) {
        INT.set(code, at, value);
        at += 4;
    }

    void put64(long value) {
        LONG.set(code, at, value);
        at += 8;
    }

    // ---- encoding

    /** Prefixes, REX and opcode. A byte register from 4 on is SPL to DIL, which needs a REX. */
    private void opcode(int size, int opcode, int reg, int index, int base, boolean rex) {
        if (size == 16) {
            put8(0x66);
        }
        int prefix = opcode >>> 24;
        if (prefix != 0) {
            put8(prefix);
        }
        int w = size == 64 ? 8 : 0;
        int bits = w | (reg >> 3 & 1) << 2 | (index >> 3 & 1) << 1 | base >> 3 & 1;
        if (bits != 0 || rex) {
            put8(0x40 | bits);
        }
        if ((opcode & 0xff0000) != 0) {
            put8(opcode >> 16);
        }
        if ((opcode & 0xffff00) != 0) {
            put8(opcode >> 8);
        }
        put8(opcode);
    }

    /**
     * A VEX prefix of three bytes and an opcode (SDM vol. 2, 2.3.5).
     *
     * @param r highest bit of ModRM.reg, {@code x} of the index, {@code b} of ModRM.rm or the base
     * @param last the third byte: W, vvvv inverted, L and pp
     */
    void vex(int map, int r, int x, int b, int last, int opcode) {
        put8(0xc4);
        put8((r << 7 | x << 6 | b << 5) ^ 0xe0 | map);
        put8(last);
        put8(opcode);
    }

    private static boolean byteRegister(int size, int reg) {
        return size == 8 && reg >= 4;
    }

    /** Opcode with two registers: ModRM.reg and ModRM.rm. */
    void rr(int size, int opcode, int reg, int rm) {
        opcode(size, opcode, reg, 0, rm, byteRegister(size, reg) || byteRegister(size, rm));
        put8(0xc0 | (reg & 7) << 3 | rm & 7);
    }

    /** As {@link #rr} where both registers have sizes of their own (MOVZX, MOVSX): {@code rmSize} is that of ModRM.rm. */
    void extend(int size, int opcode, int reg, int rm, int rmSize) {
        opcode(size, opcode, reg, 0, rm, byteRegister(rmSize, rm));
        put8(0xc0 | (reg & 7) << 3 | rm & 7);
    }

    /** Opcode with an opcode extension in ModRM.reg. */
    void digit(int size, int opcode, int digit, int rm) {
        opcode(size, opcode, 0, 0, rm, byteRegister(size, rm));
        put8(0xc0 | digit << 3 | rm & 7);
    }

    /** Opcode with a register, or an extension, and memory at a base register and displacement. */
    void rm(int size, int opcode, int reg, int base, int displacement) {
        opcode(size, opcode, reg, 0, base, byteRegister(size, reg));
        memory(reg, base, displacement);
    }

    private void memory(int reg, int base, int displacement) {
        int mod = displacement == 0 && (base & 7) != 5 ? 0 : displacement == (byte) displacement ? 1 : 2;
        put8(mod << 6 | (reg & 7) << 3 | base & 7);
        if ((base & 7) == 4) {
            put8(0x24);
        }
        if (mod == 1) {
            put8(displacement);
        } else if (mod == 2) {
            put32(displacement);
        }
    }

    /** Memory at base plus scaled index plus displacement; either register may be {@link #NONE}. The index is not RSP. */
    void rmx(int size, int opcode, int reg, int base, int index, int shift, int displacement) {
        if (index == NONE && base != NONE) {
            rm(size, opcode, reg, base, displacement);
            return;
        }
        opcode(size, opcode, reg, index == NONE ? 0 : index, base == NONE ? 0 : base, byteRegister(size, reg));
        int sib = shift << 6 | (index == NONE ? 4 : index & 7) << 3;
        if (base == NONE) {
            put8((reg & 7) << 3 | 4);
            put8(sib | 5);
            put32(displacement);
            return;
        }
        int mod = displacement == 0 && (base & 7) != 5 ? 0 : displacement == (byte) displacement ? 1 : 2;
        put8(mod << 6 | (reg & 7) << 3 | 4);
        put8(sib | base & 7);
        if (mod == 1) {
            put8(displacement);
        } else if (mod == 2) {
            put32(displacement);
        }
    }

    /** Memory at an address within 2 GiB, RIP-relative; {@code trailing} bytes of immediate follow. */
    void absolute(int size, int opcode, int reg, long address, int trailing) {
        opcode(size, opcode, reg, 0, 0, byteRegister(size, reg));
        put8((reg & 7) << 3 | 5);
        put32((int) (address - (origin + at + 4 + trailing)));
    }

    /** VEX.256.0F.WIG with a register and memory at an address within 2 GiB. */
    void vexAbsolute(int opcode, int reg, long address) {
        vex(1, reg >> 3, 0, 0, 0x7c, opcode);
        put8((reg & 7) << 3 | 5);
        put32((int) (address - (origin + at + 4)));
    }

    /** Memory at an index register and a displacement from the GS base. */
    void gs(int size, int opcode, int reg, int base, int displacement) {
        put8(0x65);
        rm(size, opcode, reg, base, displacement);
    }

    /** Memory at a displacement from the GS base. */
    void gs(int size, int opcode, int reg, int displacement) {
        put8(0x65);
        rmx(size, opcode, reg, NONE, NONE, 0, displacement);
    }

    // ---- common instructions

    void move(int size, int to, int from) {
        rr(size, 0x89, from, to);
    }

    /** MOV between registers of any size. */
    void move8(int size, int to, int from) {
        rr(size, size == 8 ? 0x88 : 0x89, from, to);
    }

    /** Loads a constant in the shortest way; flags stay. */
    void constant(int to, long value) {
        if (value >>> 32 == 0) {
            if (to >= 8) {
                put8(0x41);
            }
            put8(0xb8 | to & 7);
            put32((int) value);
        } else if (value == (int) value) {
            digit(64, 0xc7, 0, to);
            put32((int) value);
        } else {
            put8(to >= 8 ? 0x49 : 0x48);
            put8(0xb8 | to & 7);
            put64(value);
        }
    }

    /** ADD 0, OR 1, ADC 2, SBB 3, AND 4, SUB 5, XOR 6, CMP 7 with an immediate that fits 32 bits. */
    void alu(int size, int operation, int rm, int immediate) {
        if (immediate == (byte) immediate && size > 8) {
            digit(size, 0x83, operation, rm);
            put8(immediate);
        } else {
            digit(size, size == 8 ? 0x80 : 0x81, operation, rm);
            immediate(size, immediate);
        }
    }

    /** An immediate as the operand size has it: 8, 16 or 32 bits. */
    void immediate(int size, int value) {
        if (size == 8) {
            put8(value);
        } else if (size == 16) {
            put8(value);
            put8(value >> 8);
        } else {
            put32(value);
        }
    }

    // ---- jumps; a place is where a 32-bit distance stands

    /** JMP rel32; returns its place. */
    int jump() {
        put8(0xe9);
        put32(0);
        return at - 4;
    }

    /** Jcc rel32; returns its place. */
    int jump(int condition) {
        put8(0x0f);
        put8(0x80 | condition);
        put32(0);
        return at - 4;
    }

    void jumpTo(long target) {
        put8(0xe9);
        put32((int) (target - (here() + 4)));
    }

    void callTo(long target) {
        put8(0xe8);
        put32((int) (target - (here() + 4)));
    }

    /** Makes the jump at a place go to the next instruction. */
    void land(int place) {
        INT.set(code, place, at - (place + 4));
    }

    /** Makes the jump at a place go to an address. */
    void patch(int place, long target) {
        INT.set(code, place, (int) (target - (origin + place + 4)));
    }

    /** Makes the short jump that ends at a place go to the next instruction. */
    void land8(int place) {
        code[place - 1] = (byte) (at - place);
    }

    /** Address of a place. */
    long addressOf(int place) {
        return origin + place;
    }
}
