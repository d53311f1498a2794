package proteus.silicon.fpu;

import static proteus.silicon.cpu.CpuLayout.RESULT;
import static proteus.silicon.cpu.CpuLayout.SOURCE;
import static proteus.silicon.cpu.CpuLayout.X87;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Handler;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/**
 * Operands of MMX, XMM and YMM instructions. Semantics are written once for the legacy and the VEX encoding: the first source is
 * {@link Op#first}, whatever the destination, and what becomes of the rest of a register is said here (SDM vol. 1, 14.1.1 and
 * 14.1.3). A legacy memory operand of 16 bytes must be aligned, one of VEX need not (SDM vol. 1, 14.9).
 */
final class Simd {
    private Simd() {}

    /** What happens to one 64-bit part, independent of the others. */
    @FunctionalInterface
    interface Part {
        long apply(long a, long b);
    }

    /** What happens to one 128-bit lane: sources at host addresses a and b, the result at another. */
    @FunctionalInterface
    interface Lane {
        void apply(int control, long to, long a, long b);
    }

    /** An instruction and its VEX form, which has a V before its name. */
    static void put(HandlerTable t, Mnemonic mnemonic, Handler handler) {
        t.put(mnemonic, handler);
        t.put(Mnemonic.valueOf("V" + mnemonic.name()), handler);
    }

    /** {@code destination = f(first, second)} part by part, MMX, XMM or YMM. Kept small: it is inlined into each handler. */
    static void packed(Cpu cpu, Op op, Part f) {
        if (op.k0 == Instruction.MMX) {
            packedMmx(cpu, op, f);
            return;
        }
        Guard.vector(cpu, op);
        long b = source(cpu, op);
        long a = cpu.s + op.first;
        long to = cpu.s + op.r0;
        Raw.putLong(to, f.apply(Raw.getLong(a), Raw.getLong(b)));
        Raw.putLong(to + 8, f.apply(Raw.getLong(a + 8), Raw.getLong(b + 8)));
        if (op.vectorLength != 0) {
            boolean wide = op.k0 == Instruction.YMM;
            Raw.putLong(to + 16, wide ? f.apply(Raw.getLong(a + 16), Raw.getLong(b + 16)) : 0);
            Raw.putLong(to + 24, wide ? f.apply(Raw.getLong(a + 24), Raw.getLong(b + 24)) : 0);
        }
    }

    private static void packedMmx(Cpu cpu, Op op, Part f) {
        long b = mmxSource(cpu, op, 64);
        mmx(cpu, op.r0, f.apply(mmx(cpu, op.r0), b));
    }

    /**
     * Lane by lane.
     *
     * @param step bits of the immediate that belong to one lane; 0 if each uses all of it
     */
    static void lanes(Cpu cpu, Op op, int step, Lane f) {
        Guard.vector(cpu, op);
        long b = source(cpu, op);
        long a = cpu.s + op.first;
        long to = result(cpu);
        int control = (int) op.immediate;
        f.apply(control, to, a, b);
        if (op.vectorLength == 256) {
            f.apply(control >>> step, to + 16, a + 16, b + 16);
        }
        commit(cpu, op);
    }

    static void put(long to, long low, long high) {
        Raw.putLong(to, low);
        Raw.putLong(to + 8, high);
    }

    /** Bytes of a vector of the instruction's length. */
    static int bytes(Op op) {
        return op.vectorLength == 256 ? 32 : 16;
    }

    // ---- the second source

    /** Host address of the second source: a register, the memory operand itself, or a copy of it in the struct; checks of alignment done. */
    static long source(Cpu cpu, Op op) {
        return op.secondKind == Instruction.MEMORY ? load(cpu, op, op.vectorLength == 0) : cpu.s + op.second;
    }

    /** Host address of the memory operand, or of a copy if it is less than 16 bytes, zero-extended, or not directly accessible. */
    static long load(Cpu cpu, Op op, boolean aligned) {
        long to = cpu.s + SOURCE;
        if (op.bytes < 16) {
            put(to, cpu.readMemory(op, op.bytes << 3), 0);
            return to;
        }
        long at = cpu.readAddress(op, op.bytes);
        if (aligned && (at & op.bytes - 1) != 0) {
            throw cpu.protection(0);
        }
        // operands of 16 bytes and more are never #AC (SDM vol. 2, tables 2-17 to 2-22)
        if ((at & 4095) <= 4096 - op.bytes) {
            long direct = cpu.mmu.directRead(at);
            if (direct != 0) {
                return direct;
            }
        }
        for (int i = 0; i < op.bytes; i += 8) {
            Raw.putLong(to + i, cpu.mmu.readPart(at + i & op.linearMask, 64));
        }
        return to;
    }

    /** As {@link #source} where reading goes on for up to 8 bytes behind the operand, of which nothing is used. */
    static long sourceWithRoom(Cpu cpu, Op op) {
        long from = source(cpu, op);
        if (op.secondKind != Instruction.MEMORY) {
            return from;
        }
        long to = cpu.s + SOURCE;
        put(to, Raw.getLong(from), Raw.getLong(from + 8));
        return to;
    }

    /** The second source where it is a register's low bits or that many bits of memory, zero-extended. */
    static long scalar(Cpu cpu, Op op, int bits) {
        if (op.secondKind == Instruction.MEMORY) {
            return cpu.readMemory(op, bits);
        }
        long value = Raw.getLong(cpu.s + op.second);
        return bits == 64 ? value : value & (1L << bits) - 1;
    }

    // ---- the first source

    static long low(Cpu cpu, Op op) {
        return Raw.getLong(cpu.s + op.first);
    }

    static long high(Cpu cpu, Op op) {
        return Raw.getLong(cpu.s + op.first + 8);
    }

    // ---- the destination

    /** Where a result of up to 32 bytes waits for {@link #commit}. */
    static long result(Cpu cpu) {
        return cpu.s + RESULT;
    }

    /** Moves the result to the destination: a legacy instruction leaves the upper half of the register, VEX writes or zeroes it. */
    static void commit(Cpu cpu, Op op) {
        long from = result(cpu);
        long to = cpu.s + op.r0;
        Raw.putLong(to, Raw.getLong(from));
        Raw.putLong(to + 8, Raw.getLong(from + 8));
        if (op.vectorLength != 0) {
            boolean wide = op.k0 == Instruction.YMM;
            Raw.putLong(to + 16, wide ? Raw.getLong(from + 16) : 0);
            Raw.putLong(to + 24, wide ? Raw.getLong(from + 24) : 0);
        }
    }

    /** A result of 128 bits. */
    static void set(Cpu cpu, Op op, long low, long high) {
        long to = cpu.s + op.r0;
        Raw.putLong(to, low);
        Raw.putLong(to + 8, high);
        if (op.vectorLength != 0) {
            Raw.putLong(to + 16, 0);
            Raw.putLong(to + 24, 0);
        }
    }

    /** A result of 64 bits above which the first source stays. */
    static void setLow(Cpu cpu, Op op, long low) {
        set(cpu, op, low, high(cpu, op));
    }

    /** A result of 32 bits above which the first source stays. */
    static void setLow(Cpu cpu, Op op, int low) {
        set(cpu, op, low(cpu, op) & 0xffffffff00000000L | low & 0xffffffffL, high(cpu, op));
    }

    /** Stores a register's 16 or 32 bytes at any alignment, all or nothing. */
    static void store(Cpu cpu, long at, long from, int bytes) {
        if ((at & 4095) <= 4096 - bytes) {
            long direct = cpu.mmu.directWrite(at);
            if (direct != 0) {
                for (int i = 0; i < bytes; i += 8) {
                    Raw.putLong(direct + i, Raw.getLong(from + i));
                }
                return;
            }
        } else {
            cpu.mmu.probeWrite(at, bytes);
        }
        for (int i = 0; i < bytes; i += 8) {
            cpu.mmu.writePart(at + i & cpu.linearMask(), 64, Raw.getLong(from + i));
        }
    }

    // ---- MMX registers: the significands of R0..R7

    static long mmx(Cpu cpu, int register) {
        return Raw.getLong(cpu.s + X87 + 16 * register);
    }

    /** Writing sets sign and exponent to all ones (SDM vol. 1, 9.2.1). */
    static void mmx(Cpu cpu, int register, long value) {
        Raw.putLong(cpu.s + X87 + 16 * register, value);
        Raw.putShort(cpu.s + X87 + 16 * register + 8, (short) -1);
    }

    /** Checks, reads the second operand (MMX or memory), then changes to MMX state. */
    static long mmxSource(Cpu cpu, Op op, int bits) {
        Guard.mmx(cpu);
        long value = op.k1 == Instruction.MMX ? mmx(cpu, op.r1) : cpu.readMemory(op, bits);
        Guard.toMmx(cpu);
        return value;
    }
}
