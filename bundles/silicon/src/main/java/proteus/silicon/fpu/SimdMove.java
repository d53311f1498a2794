package proteus.silicon.fpu;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.silicon.system.Features;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** Moves between MMX and XMM registers, memory and general registers (SDM vol. 1, 9.4.1, 10.4.1, 10.4.6, 11.4.1). */
final class SimdMove {
    private static final int RDI = 7;

    private SimdMove() {}

    static void register(HandlerTable t) {
        t.put(Mnemonic.MOVAPS, SimdMove::moveAligned);
        t.put(Mnemonic.MOVAPD, SimdMove::moveAligned);
        t.put(Mnemonic.MOVDQA, SimdMove::moveAligned);
        t.put(Mnemonic.MOVNTPS, SimdMove::moveAligned);
        t.put(Mnemonic.MOVNTPD, SimdMove::moveAligned);
        t.put(Mnemonic.MOVNTDQ, SimdMove::moveAligned);
        Gate.put(t, Features.SSE41, Mnemonic.MOVNTDQA, SimdMove::moveAligned);
        t.put(Mnemonic.MOVUPS, SimdMove::moveUnaligned);
        t.put(Mnemonic.MOVUPD, SimdMove::moveUnaligned);
        t.put(Mnemonic.MOVDQU, SimdMove::moveUnaligned);
        Gate.put(t, Features.SSE3, Mnemonic.LDDQU, SimdMove::moveUnaligned);
        t.put(Mnemonic.MOVSS, SimdMove::moveSingle);
        t.put(Mnemonic.MOVSD, SimdMove::moveDouble);
        t.put(Mnemonic.MOVLPS, SimdMove::moveLow);
        t.put(Mnemonic.MOVLPD, SimdMove::moveLow);
        t.put(Mnemonic.MOVHPS, SimdMove::moveHigh);
        t.put(Mnemonic.MOVHPD, SimdMove::moveHigh);
        t.put(Mnemonic.MOVHLPS, (cpu, op) -> {
            Guard.sse(cpu);
            Raw.putLong(cpu.s + op.r0, Raw.getLong(cpu.s + op.r1 + 8));
        });
        t.put(Mnemonic.MOVLHPS, (cpu, op) -> {
            Guard.sse(cpu);
            Raw.putLong(cpu.s + op.r0 + 8, Raw.getLong(cpu.s + op.r1));
        });
        t.put(Mnemonic.MOVD, (cpu, op) -> moveBits(cpu, op, 32));
        t.put(Mnemonic.MOVQ, (cpu, op) -> moveBits(cpu, op, 64));
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
        t.put(Mnemonic.MASKMOVDQU, SimdMove::maskedXmm);
    }

    private static void moveAligned(Cpu cpu, Op op) {
        Guard.sse(cpu);
        if (op.k0 == Instruction.MEMORY) {
            long at = Simd.alignedForWrite(cpu, op);
            cpu.mmu.write64(at, Raw.getLong(cpu.s + op.r1));
            cpu.mmu.write64(at + 8, Raw.getLong(cpu.s + op.r1 + 8));
            return;
        }
        long low;
        long high;
        if (op.k1 == Instruction.MEMORY) {
            long at = Simd.aligned(cpu, op);
            low = cpu.mmu.read64(at);
            high = cpu.mmu.read64(at + 8);
        } else {
            low = Raw.getLong(cpu.s + op.r1);
            high = Raw.getLong(cpu.s + op.r1 + 8);
        }
        Simd.set(cpu, op, low, high);
    }

    private static void moveUnaligned(Cpu cpu, Op op) {
        Guard.sse(cpu);
        if (op.k0 == Instruction.MEMORY) {
            Simd.store(cpu, cpu.writeAddress(op, 16), Raw.getLong(cpu.s + op.r1), Raw.getLong(cpu.s + op.r1 + 8));
            return;
        }
        long low;
        long high;
        if (op.k1 == Instruction.MEMORY) {
            long at = cpu.readAddress(op, 16);
            low = cpu.mmu.readPart(at, 64);
            high = cpu.mmu.readPart(at + 8 & cpu.linearMask(), 64);
        } else {
            low = Raw.getLong(cpu.s + op.r1);
            high = Raw.getLong(cpu.s + op.r1 + 8);
        }
        Simd.set(cpu, op, low, high);
    }

    private static void moveSingle(Cpu cpu, Op op) {
        Guard.sse(cpu);
        if (op.k0 == Instruction.MEMORY) {
            cpu.writeMemory(op, 32, Raw.getInt(cpu.s + op.r1) & 0xffffffffL);
        } else if (op.k1 == Instruction.MEMORY) {
            Simd.set(cpu, op, cpu.readMemory(op, 32), 0);
        } else {
            Raw.putInt(cpu.s + op.r0, Raw.getInt(cpu.s + op.r1));
        }
    }

    private static void moveDouble(Cpu cpu, Op op) {
        Guard.sse(cpu);
        if (op.k0 == Instruction.MEMORY) {
            cpu.writeMemory(op, 64, Raw.getLong(cpu.s + op.r1));
        } else if (op.k1 == Instruction.MEMORY) {
            Simd.set(cpu, op, cpu.readMemory(op, 64), 0);
        } else {
            Raw.putLong(cpu.s + op.r0, Raw.getLong(cpu.s + op.r1));
        }
    }

    private static void moveLow(Cpu cpu, Op op) {
        Guard.sse(cpu);
        if (op.k0 == Instruction.MEMORY) {
            cpu.writeMemory(op, 64, Raw.getLong(cpu.s + op.r1));
        } else {
            Raw.putLong(cpu.s + op.r0, cpu.readMemory(op, 64));
        }
    }

    private static void moveHigh(Cpu cpu, Op op) {
        Guard.sse(cpu);
        if (op.k0 == Instruction.MEMORY) {
            cpu.writeMemory(op, 64, Raw.getLong(cpu.s + op.r1 + 8));
        } else {
            Raw.putLong(cpu.s + op.r0 + 8, cpu.readMemory(op, 64));
        }
    }

    /** MOVD, MOVQ and MOVNTQ: every pair of MMX or XMM with the other, memory or a general register; a register's rest is zeroed. */
    private static void moveBits(Cpu cpu, Op op, int bits) {
        boolean mmx = op.k0 == Instruction.MMX || op.k1 == Instruction.MMX;
        if (mmx) {
            Guard.mmx(cpu);
        } else {
            Guard.sse(cpu);
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
        Guard.sse(cpu);
        int mask = Lanes.topBits(Raw.getLong(cpu.s + op.r1)) | Lanes.topBits(Raw.getLong(cpu.s + op.r1 + 8)) << 8;
        masked(cpu, op, Simd.low(cpu, op), Simd.high(cpu, op), mask, 16);
    }

    /** Stores the selected bytes at DS:rDI (or the overriding segment); with no byte selected nothing is accessed. */
    private static void masked(Cpu cpu, Op op, long low, long high, int mask, int bytes) {
        if (mask == 0) {
            return;
        }
        long offset = cpu.get(CpuLayout.gpr(RDI)) & addressMask(op);
        long at = cpu.writeAddress(op.segment, offset, bytes, cpu.linearMask());
        cpu.mmu.probeWrite(at, bytes);
        for (int i = 0; i < bytes; i++) {
            if ((mask >>> i & 1) != 0) {
                cpu.mmu.write8(at + i & cpu.linearMask(), (byte) ((i < 8 ? low : high) >>> 8 * (i & 7)));
            }
        }
    }

    private static long addressMask(Op op) {
        return switch (op.addressSize) {
            case 16 -> 0xffffL;
            case 32 -> 0xffffffffL;
            default -> -1L;
        };
    }
}
