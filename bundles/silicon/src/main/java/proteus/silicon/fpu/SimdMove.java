package proteus.silicon.fpu;

import static proteus.silicon.fpu.Simd.put;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Handler;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** Moves between MMX, XMM and YMM registers, memory and general registers (SDM vol. 1, 9.4.1, 10.4.1, 10.4.6, 11.4.1). */
final class SimdMove {
    private static final int RDI = 7;

    private SimdMove() {}

    static void register(HandlerTable t) {
        Handler aligned = (cpu, op) -> move(cpu, op, true);
        for (Mnemonic m : new Mnemonic[] {Mnemonic.MOVAPS, Mnemonic.MOVAPD, Mnemonic.MOVDQA, Mnemonic.MOVNTPS, Mnemonic.MOVNTPD, Mnemonic.MOVNTDQ,
            Mnemonic.MOVNTDQA}) {
            put(t, m, aligned);
        }
        Handler unaligned = (cpu, op) -> move(cpu, op, false);
        for (Mnemonic m : new Mnemonic[] {Mnemonic.MOVUPS, Mnemonic.MOVUPD, Mnemonic.MOVDQU, Mnemonic.LDDQU}) {
            put(t, m, unaligned);
        }
        put(t, Mnemonic.MOVSS, SimdMove::moveSingle);
        put(t, Mnemonic.MOVSD, SimdMove::moveDouble);
        put(t, Mnemonic.MOVLPS, SimdMove::moveLow);
        put(t, Mnemonic.MOVLPD, SimdMove::moveLow);
        put(t, Mnemonic.MOVHPS, SimdMove::moveHigh);
        put(t, Mnemonic.MOVHPD, SimdMove::moveHigh);
        put(t, Mnemonic.MOVHLPS, (cpu, op) -> {
            Guard.vector(cpu, op);
            Simd.setLow(cpu, op, Raw.getLong(cpu.s + op.second + 8));
        });
        put(t, Mnemonic.MOVLHPS, (cpu, op) -> {
            Guard.vector(cpu, op);
            Simd.set(cpu, op, Simd.low(cpu, op), Raw.getLong(cpu.s + op.second));
        });
        put(t, Mnemonic.MOVD, (cpu, op) -> moveBits(cpu, op, 32));
        put(t, Mnemonic.MOVQ, (cpu, op) -> moveBits(cpu, op, 64));
        t.put(Mnemonic.MOVNTQ, (cpu, op) -> moveBits(cpu, op, 64));
        t.put(Mnemonic.MOVQ2DQ, (cpu, op) -> {
            Guard.sse(cpu);
            Guard.pending(cpu);
            Guard.toMmx(cpu);
            Simd.set(cpu, op, Simd.mmx(cpu, op.r1), 0);
        });
        t.put(Mnemonic.MOVDQ2Q, (cpu, op) -> {
            Guard.sse(cpu);
            Guard.pending(cpu);
            Guard.toMmx(cpu);
            Simd.mmx(cpu, op.r0, Raw.getLong(cpu.s + op.r1));
        });
        t.put(Mnemonic.MASKMOVQ, SimdMove::maskedMmx);
        put(t, Mnemonic.MASKMOVDQU, SimdMove::maskedXmm);
    }

    /** Whole vectors. */
    private static void move(Cpu cpu, Op op, boolean aligned) {
        Guard.vector(cpu, op);
        if (op.k0 == Instruction.MEMORY) {
            long at = cpu.writeAddress(op, op.bytes);
            if (aligned && (at & op.bytes - 1) != 0) {
                throw cpu.protection(0);
            }
            Simd.store(cpu, at, cpu.s + op.r1, op.bytes);
            return;
        }
        long from = op.k1 == Instruction.MEMORY ? Simd.load(cpu, op, aligned) : cpu.s + op.r1;
        long to = cpu.s + op.r0;
        Simd.put(to, Raw.getLong(from), Raw.getLong(from + 8));
        if (op.vectorLength != 0) {
            boolean wide = op.vectorLength == 256;
            Simd.put(to + 16, wide ? Raw.getLong(from + 16) : 0, wide ? Raw.getLong(from + 24) : 0);
        }
    }

    private static void moveSingle(Cpu cpu, Op op) {
        Guard.vector(cpu, op);
        if (op.k0 == Instruction.MEMORY) {
            cpu.writeMemory(op, 32, Raw.getInt(cpu.s + op.r1) & 0xffffffffL);
        } else if (op.k1 == Instruction.MEMORY) {
            Simd.set(cpu, op, cpu.readMemory(op, 32), 0);
        } else {
            Simd.setLow(cpu, op, Raw.getInt(cpu.s + op.second));
        }
    }

    private static void moveDouble(Cpu cpu, Op op) {
        Guard.vector(cpu, op);
        if (op.k0 == Instruction.MEMORY) {
            cpu.writeMemory(op, 64, Raw.getLong(cpu.s + op.r1));
        } else if (op.k1 == Instruction.MEMORY) {
            Simd.set(cpu, op, cpu.readMemory(op, 64), 0);
        } else {
            Simd.setLow(cpu, op, Raw.getLong(cpu.s + op.second));
        }
    }

    private static void moveLow(Cpu cpu, Op op) {
        Guard.vector(cpu, op);
        if (op.k0 == Instruction.MEMORY) {
            cpu.writeMemory(op, 64, Raw.getLong(cpu.s + op.r1));
        } else {
            Simd.setLow(cpu, op, cpu.readMemory(op, 64));
        }
    }

    private static void moveHigh(Cpu cpu, Op op) {
        Guard.vector(cpu, op);
        if (op.k0 == Instruction.MEMORY) {
            cpu.writeMemory(op, 64, Raw.getLong(cpu.s + op.r1 + 8));
        } else {
            Simd.set(cpu, op, Simd.low(cpu, op), cpu.readMemory(op, 64));
        }
    }

    /** MOVD, MOVQ and MOVNTQ: every pair of MMX or XMM with the other, memory or a general register; a register's rest is zeroed. */
    private static void moveBits(Cpu cpu, Op op, int bits) {
        boolean mmx = op.k0 == Instruction.MMX || op.k1 == Instruction.MMX;
        if (mmx) {
            Guard.mmx(cpu);
        } else {
            Guard.vector(cpu, op);
        }
        long value = switch (op.k1) {
            case Instruction.MMX -> Simd.mmx(cpu, op.r1);
            case Instruction.XMM -> Raw.getLong(cpu.s + op.r1);
            case Instruction.MEMORY -> cpu.readMemory(op, bits);
            default -> cpu.register(op.r1, bits);
        };
        if (op.k0 == Instruction.MEMORY) {
            cpu.writeMemory(op, bits, value);
        }
        if (mmx) {
            Guard.toMmx(cpu);
        }
        switch (op.k0) {
            case Instruction.MMX -> Simd.mmx(cpu, op.r0, value);
            case Instruction.XMM -> Simd.set(cpu, op, value, 0);
            case Instruction.GPR -> cpu.register(op.r0, bits, value);
            default -> {
            }
        }
    }

    private static void maskedMmx(Cpu cpu, Op op) {
        Guard.mmx(cpu);
        masked(cpu, op, Simd.mmx(cpu, op.r0), 0, Lanes.topBits(Simd.mmx(cpu, op.r1)), 8);
        Guard.toMmx(cpu);
    }

    private static void maskedXmm(Cpu cpu, Op op) {
        Guard.vector(cpu, op);
        int mask = Lanes.topBits(Raw.getLong(cpu.s + op.r1)) | Lanes.topBits(Raw.getLong(cpu.s + op.r1 + 8)) << 8;
        masked(cpu, op, Simd.low(cpu, op), Simd.high(cpu, op), mask, 16);
    }

    /** Stores the selected bytes at DS:rDI (or the overriding segment); with no byte selected nothing is accessed. */
    private static void masked(Cpu cpu, Op op, long low, long high, int mask, int bytes) {
        if (mask == 0) {
            return;
        }
        long offset = cpu.get(CpuLayout.gpr(RDI)) & op.addressMask;
        long at = cpu.writeAddress(op.segment, offset, bytes, cpu.linearMask());
        cpu.mmu.probeWrite(at, bytes);
        for (int i = 0; i < bytes; i++) {
            if ((mask >>> i & 1) != 0) {
                cpu.mmu.write8(at + i & cpu.linearMask(), (byte) ((i < 8 ? low : high) >>> 8 * (i & 7)));
            }
        }
    }
}
