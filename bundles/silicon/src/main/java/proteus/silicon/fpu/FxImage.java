package proteus.silicon.fpu;

import static proteus.silicon.cpu.CpuLayout.FCS;
import static proteus.silicon.cpu.CpuLayout.FCW;
import static proteus.silicon.cpu.CpuLayout.FDP;
import static proteus.silicon.cpu.CpuLayout.FDS;
import static proteus.silicon.cpu.CpuLayout.FIP;
import static proteus.silicon.cpu.CpuLayout.FOP;
import static proteus.silicon.cpu.CpuLayout.FSW;
import static proteus.silicon.cpu.CpuLayout.FTW;
import static proteus.silicon.cpu.CpuLayout.MXCSR;
import static proteus.silicon.cpu.CpuLayout.X87;
import static proteus.silicon.cpu.CpuLayout.XMM;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.Mnemonic;

/** FXSAVE, FXRSTOR and the legacy region that XSAVE shares with them (SDM vol. 1, 10.5 and 13.4.1). */
final class FxImage {
    static final int SIZE = 512;

    private FxImage() {}

    static void register(HandlerTable t) {
        t.put(Mnemonic.FXSAVE, FxImage::save);
        t.put(Mnemonic.FXRSTOR, FxImage::restore);
    }

    /** Processors look at the last byte first, and CR2 shows it. */
    private static void save(Cpu cpu, Op op) {
        Guard.x87NoWait(cpu);
        long at = cpu.writeAddress(op, SIZE);
        aligned(cpu, at);
        cpu.mmu.probeWrite(next(cpu, at, SIZE - 1), 1);
        cpu.mmu.probeWrite(at, 1);
        saveX87(cpu, at, op.operandSize == 64);
        saveMxcsr(cpu, at);
        saveXmm(cpu, at, op.mode == 64 ? 16 : 8);
    }

    private static void restore(Cpu cpu, Op op) {
        Guard.x87NoWait(cpu);
        long at = cpu.readAddress(op, SIZE);
        aligned(cpu, at);
        cpu.mmu.probeRead(next(cpu, at, SIZE - 1), 1);
        cpu.mmu.probeRead(at, 1);
        int mxcsr = cpu.mmu.read32(next(cpu, at, 24));
        if ((mxcsr & ~X87Control.MXCSR_MASK) != 0) {
            throw cpu.protection(0);
        }
        restoreX87(cpu, at, op.operandSize == 64);
        Raw.putInt(cpu.s + MXCSR, mxcsr);
        restoreXmm(cpu, at, op.mode == 64 ? 16 : 8);
    }

    /** #GP, but #AC where that is enabled, which the manual leaves to the implementation (SDM vol. 2, FXSAVE). */
    private static void aligned(Cpu cpu, long at) {
        if ((at & 15) != 0) {
            cpu.mmu.checkCanonical(at);
            cpu.mmu.checkAlignment(at, 4);
            throw cpu.protection(0);
        }
    }

    private static long next(Cpu cpu, long at, int offset) {
        return at + offset & cpu.linearMask();
    }

    /** Bytes 0 to 23 and the registers in stack order, ST(0) first (SDM vol. 1, table 10-2). */
    static void saveX87(Cpu cpu, long at, boolean wide) {
        long s = cpu.s;
        long status = Raw.getShort(s + FSW) & 0xffffL;
        cpu.mmu.write64(at, Raw.getShort(s + FCW) & 0xffffL | status << 16 | abridged(Raw.getShort(s + FTW)) << 32
            | (Raw.getShort(s + FOP) & 0x7ffL) << 48);
        long instruction = Raw.getLong(s + FIP);
        long data = Raw.getLong(s + FDP);
        if (!wide) {
            instruction = instruction & 0xffffffffL | (Raw.getShort(s + FCS) & 0xffffL) << 32;
            data = data & 0xffffffffL | (Raw.getShort(s + FDS) & 0xffffL) << 32;
        }
        cpu.mmu.write64(next(cpu, at, 8), instruction);
        cpu.mmu.write64(next(cpu, at, 16), data);
        int top = (int) status >> 11 & 7;
        for (int i = 0; i < 8; i++) {
            long register = s + X87 + 16 * (top + i & 7);
            cpu.mmu.write64(next(cpu, at, 32 + 16 * i), Raw.getLong(register));
            cpu.mmu.write64(next(cpu, at, 40 + 16 * i), Raw.getShort(register + 8) & 0xffffL);
        }
    }

    static void saveMxcsr(Cpu cpu, long at) {
        cpu.mmu.write64(next(cpu, at, 24), Raw.getInt(cpu.s + MXCSR) & 0xffffffffL | (long) X87Control.MXCSR_MASK << 32);
    }

    static void saveXmm(Cpu cpu, long at, int registers) {
        for (int i = 0; i < registers; i++) {
            long register = cpu.s + XMM + 32 * i;
            cpu.mmu.write64(next(cpu, at, 160 + 16 * i), Raw.getLong(register));
            cpu.mmu.write64(next(cpu, at, 168 + 16 * i), Raw.getLong(register + 8));
        }
    }

    static void restoreX87(Cpu cpu, long at, boolean wide) {
        long s = cpu.s;
        long head = cpu.mmu.read64(at);
        int status = (int) (head >>> 16) & 0xffff;
        Raw.putShort(s + FSW, (short) status);
        Raw.putShort(s + FTW, (short) full((int) (head >>> 32) & 0xff));
        Raw.putShort(s + FOP, (short) (head >>> 48 & 0x7ff));
        X87Control.control(cpu, (int) head & 0xffff);
        long instruction = cpu.mmu.read64(next(cpu, at, 8));
        long data = cpu.mmu.read64(next(cpu, at, 16));
        if (wide) {
            // the pointers keep as many bits as linear addresses have
            instruction = instruction << 16 >> 16;
            data = data << 16 >> 16;
        } else {
            instruction &= 0xffffffffL;
            data &= 0xffffffffL;
        }
        Raw.putLong(s + FIP, instruction);
        Raw.putLong(s + FDP, data);
        Raw.putShort(s + FCS, (short) 0);
        Raw.putShort(s + FDS, (short) 0);
        int top = status >> 11 & 7;
        for (int i = 0; i < 8; i++) {
            long register = s + X87 + 16 * (top + i & 7);
            Raw.putLong(register, cpu.mmu.read64(next(cpu, at, 32 + 16 * i)));
            Raw.putShort(register + 8, cpu.mmu.read16(next(cpu, at, 40 + 16 * i)));
        }
    }

    static void restoreXmm(Cpu cpu, long at, int registers) {
        for (int i = 0; i < registers; i++) {
            long register = cpu.s + XMM + 32 * i;
            Raw.putLong(register, cpu.mmu.read64(next(cpu, at, 160 + 16 * i)));
            Raw.putLong(register + 8, cpu.mmu.read64(next(cpu, at, 168 + 16 * i)));
        }
    }

    /** One bit a register, set if it is not empty (SDM vol. 1, 10.5.1.1). */
    static long abridged(int tags) {
        int occupied = ~(tags & tags >>> 1) & 0x5555;
        occupied = (occupied | occupied >>> 1) & 0x3333;
        occupied = (occupied | occupied >>> 2) & 0x0f0f;
        return (occupied | occupied >>> 4) & 0xff;
    }

    /** Two bits a register: 00 or, for an empty one, 11. Which kind of number it holds is worked out where it is shown. */
    static int full(int abridged) {
        int empty = ~abridged & 0xff;
        empty = (empty | empty << 4) & 0x0f0f;
        empty = (empty | empty << 2) & 0x3333;
        empty = (empty | empty << 1) & 0x5555;
        return empty * 3;
    }
}
