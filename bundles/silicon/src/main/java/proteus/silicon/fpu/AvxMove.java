package proteus.silicon.fpu;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Handler;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** Moves that only AVX and AVX2 have: broadcasts, 128-bit halves, masked moves, VZEROALL and VZEROUPPER (SDM vol. 1, 14.1 and 14.6). */
final class AvxMove {
    private AvxMove() {}

    static void register(HandlerTable t) {
        t.put(Mnemonic.VBROADCASTSS, (c, o) -> broadcast(c, o, 4));
        t.put(Mnemonic.VBROADCASTSD, (c, o) -> broadcast(c, o, 8));
        t.put(Mnemonic.VPBROADCASTB, (c, o) -> broadcast(c, o, 1));
        t.put(Mnemonic.VPBROADCASTW, (c, o) -> broadcast(c, o, 2));
        t.put(Mnemonic.VPBROADCASTD, (c, o) -> broadcast(c, o, 4));
        t.put(Mnemonic.VPBROADCASTQ, (c, o) -> broadcast(c, o, 8));
        t.put(Mnemonic.VBROADCASTF128, (c, o) -> broadcast(c, o, 16));
        t.put(Mnemonic.VBROADCASTI128, (c, o) -> broadcast(c, o, 16));
        t.put(Mnemonic.VINSERTF128, AvxMove::insert);
        t.put(Mnemonic.VINSERTI128, AvxMove::insert);
        t.put(Mnemonic.VEXTRACTF128, AvxMove::extract);
        t.put(Mnemonic.VEXTRACTI128, AvxMove::extract);
        Handler doublewords = (c, o) -> masked(c, o, 4);
        t.put(Mnemonic.VMASKMOVPS, doublewords);
        t.put(Mnemonic.VPMASKMOVD, doublewords);
        Handler quadwords = (c, o) -> masked(c, o, 8);
        t.put(Mnemonic.VMASKMOVPD, quadwords);
        t.put(Mnemonic.VPMASKMOVQ, quadwords);
        t.put(Mnemonic.VZEROUPPER, (c, o) -> zero(c, o, 16));
        t.put(Mnemonic.VZEROALL, (c, o) -> zero(c, o, 0));
    }

    /** One element, or all 16 bytes, to every place. */
    private static void broadcast(Cpu cpu, Op op, int element) {
        Guard.avx(cpu);
        long b = Simd.source(cpu, op);
        long to = Simd.result(cpu);
        long low = Raw.getLong(b);
        long high = element == 16 ? Raw.getLong(b + 8) : low;
        switch (element) {
            case 1 -> low = high = (low & 0xff) * 0x0101010101010101L;
            case 2 -> low = high = (low & 0xffff) * 0x0001000100010001L;
            case 4 -> low = high = (low & 0xffffffffL) * 0x0000000100000001L;
            default -> { }
        }
        Simd.put(to, low, high);
        Simd.put(to + 16, low, high);
        Simd.commit(cpu, op);
    }

    private static void insert(Cpu cpu, Op op) {
        Guard.avx(cpu);
        long b = Simd.source(cpu, op);
        long a = cpu.s + op.first;
        long to = Simd.result(cpu);
        boolean upper = (op.immediate & 1) != 0;
        long low = upper ? a : b;
        long high = upper ? b : a + 16;
        Simd.put(to, Raw.getLong(low), Raw.getLong(low + 8));
        Simd.put(to + 16, Raw.getLong(high), Raw.getLong(high + 8));
        Simd.commit(cpu, op);
    }

    private static void extract(Cpu cpu, Op op) {
        Guard.avx(cpu);
        long from = cpu.s + op.r1 + 16 * (op.immediate & 1);
        if (op.k0 == Instruction.MEMORY) {
            Simd.store(cpu, cpu.writeAddress(op, 16), from, 16);
        } else {
            Simd.set(cpu, op, Raw.getLong(from), Raw.getLong(from + 8));
        }
    }

    /** The top bit of each element of the first source chooses what is accessed; what is not chosen cannot fault, and loads as zero. */
    private static void masked(Cpu cpu, Op op, int element) {
        Guard.avx(cpu);
        int bytes = Simd.bytes(op);
        if (op.k0 == Instruction.MEMORY) {
            store(cpu, op, bytes, element);
            return;
        }
        long mask = cpu.s + op.first;
        long to = Simd.result(cpu);
        long offset = cpu.effectiveAddress(op);
        for (int i = 0; i < bytes; i += element) {
            long value = 0;
            if (chosen(mask, i, element)) {
                long at = cpu.readAddress(op.segment, offset + i & op.addressMask, element, op.linearMask);
                value = cpu.mmu.readPart(at, 8 * element);
            }
            put(to + i, element, value);
        }
        Simd.commit(cpu, op);
    }

    private static void put(long to, int element, long value) {
        if (element == 4) {
            Raw.putInt(to, (int) value);
        } else {
            Raw.putLong(to, value);
        }
    }

    private static boolean chosen(long mask, int at, int element) {
        return Raw.getByte(mask + at + element - 1) < 0;
    }

    /** All or nothing: what is between the first and the last chosen element is tried at both ends before anything is written. */
    private static void store(Cpu cpu, Op op, int bytes, int element) {
        long mask = cpu.s + op.r1;
        long from = cpu.s + op.r2;
        long offset = cpu.effectiveAddress(op);
        int first = -1;
        int last = -1;
        for (int i = 0; i < bytes; i += element) {
            if (chosen(mask, i, element)) {
                first = first < 0 ? i : first;
                last = i + element - 1;
            }
        }
        if (first < 0) {
            return;
        }
        // two pages at most; CR2 shows the last byte where the second is not there
        long start = cpu.writeAddress(op.segment, offset + first & op.addressMask, element, op.linearMask);
        long end = cpu.writeAddress(op.segment, offset + last & op.addressMask, 1, op.linearMask);
        cpu.mmu.probeWrite(start, 1);
        cpu.mmu.probeWrite(end, 1);
        for (int i = 0; i < bytes; i += element) {
            if (chosen(mask, i, element)) {
                long at = cpu.writeAddress(op.segment, offset + i & op.addressMask, element, op.linearMask);
                cpu.mmu.writePart(at, 8 * element, element == 4 ? Raw.getInt(from + i) & 0xffffffffL : Raw.getLong(from + i));
            }
        }
    }

    /** Outside 64-bit mode there are eight registers. */
    private static void zero(Cpu cpu, Op op, int from) {
        Guard.avx(cpu);
        for (int i = 0; i < (op.mode == 64 ? 16 : 8); i++) {
            Raw.fill(cpu.s + CpuLayout.xmm(i) + from, 32 - from, (byte) 0);
        }
    }
}
