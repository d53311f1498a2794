package proteus.silicon.fpu;

import static proteus.silicon.fpu.Lanes.B;
import static proteus.silicon.fpu.Lanes.D;
import static proteus.silicon.fpu.Lanes.W;
import static proteus.silicon.fpu.Simd.packed;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.silicon.system.Features;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** SSE4.1's integer instructions and PCMPGTQ of SSE4.2 (SDM vol. 1, 12.8 to 12.11). */
final class Sse41 {
    private static final long MASK = CpuLayout.xmm(0);

    private Sse41() {}

    static void register(HandlerTable t) {
        Gate.put(t, Features.SSE41, Mnemonic.PMULDQ, (c, o) -> packed(c, o, (a, b) -> (long) (int) a * (int) b));
        Gate.put(t, Features.SSE41, Mnemonic.PMULLD, (c, o) -> packed(c, o, Lanes::multiplyDoublewords));
        Gate.put(t, Features.SSE41, Mnemonic.PCMPEQQ, (c, o) -> packed(c, o, (a, b) -> a == b ? -1 : 0));
        Gate.put(t, Features.SSE42, Mnemonic.PCMPGTQ, (c, o) -> packed(c, o, (a, b) -> a > b ? -1 : 0));
        Gate.put(t, Features.SSE41, Mnemonic.PMINSB, (c, o) -> packed(c, o, (a, b) -> Lanes.minSigned(a, b, B)));
        Gate.put(t, Features.SSE41, Mnemonic.PMINSD, (c, o) -> packed(c, o, (a, b) -> Lanes.minSigned(a, b, D)));
        Gate.put(t, Features.SSE41, Mnemonic.PMINUW, (c, o) -> packed(c, o, (a, b) -> Lanes.minUnsigned(a, b, W)));
        Gate.put(t, Features.SSE41, Mnemonic.PMINUD, (c, o) -> packed(c, o, (a, b) -> Lanes.minUnsigned(a, b, D)));
        Gate.put(t, Features.SSE41, Mnemonic.PMAXSB, (c, o) -> packed(c, o, (a, b) -> Lanes.maxSigned(a, b, B)));
        Gate.put(t, Features.SSE41, Mnemonic.PMAXSD, (c, o) -> packed(c, o, (a, b) -> Lanes.maxSigned(a, b, D)));
        Gate.put(t, Features.SSE41, Mnemonic.PMAXUW, (c, o) -> packed(c, o, (a, b) -> Lanes.maxUnsigned(a, b, W)));
        Gate.put(t, Features.SSE41, Mnemonic.PMAXUD, (c, o) -> packed(c, o, (a, b) -> Lanes.maxUnsigned(a, b, D)));
        Gate.put(t, Features.SSE41, Mnemonic.PMOVSXBW, (c, o) -> extend(c, o, 8, 16, true));
        Gate.put(t, Features.SSE41, Mnemonic.PMOVSXBD, (c, o) -> extend(c, o, 8, 32, true));
        Gate.put(t, Features.SSE41, Mnemonic.PMOVSXBQ, (c, o) -> extend(c, o, 8, 64, true));
        Gate.put(t, Features.SSE41, Mnemonic.PMOVSXWD, (c, o) -> extend(c, o, 16, 32, true));
        Gate.put(t, Features.SSE41, Mnemonic.PMOVSXWQ, (c, o) -> extend(c, o, 16, 64, true));
        Gate.put(t, Features.SSE41, Mnemonic.PMOVSXDQ, (c, o) -> extend(c, o, 32, 64, true));
        Gate.put(t, Features.SSE41, Mnemonic.PMOVZXBW, (c, o) -> extend(c, o, 8, 16, false));
        Gate.put(t, Features.SSE41, Mnemonic.PMOVZXBD, (c, o) -> extend(c, o, 8, 32, false));
        Gate.put(t, Features.SSE41, Mnemonic.PMOVZXBQ, (c, o) -> extend(c, o, 8, 64, false));
        Gate.put(t, Features.SSE41, Mnemonic.PMOVZXWD, (c, o) -> extend(c, o, 16, 32, false));
        Gate.put(t, Features.SSE41, Mnemonic.PMOVZXWQ, (c, o) -> extend(c, o, 16, 64, false));
        Gate.put(t, Features.SSE41, Mnemonic.PMOVZXDQ, (c, o) -> extend(c, o, 32, 64, false));
        registerBlends(t);
        Gate.put(t, Features.SSE41, Mnemonic.PTEST, Sse41::test);
        Gate.put(t, Features.SSE41, Mnemonic.PHMINPOSUW, Sse41::minimumPosition);
        Gate.put(t, Features.SSE41, Mnemonic.MPSADBW, Sse41::multipleSums);
        Gate.put(t, Features.SSE41, Mnemonic.INSERTPS, Sse41::insertSingle);
        Gate.put(t, Features.SSE41, Mnemonic.PINSRB, (c, o) -> insert(c, o, 8));
        Gate.put(t, Features.SSE41, Mnemonic.PINSRD, (c, o) -> insert(c, o, 32));
        Gate.put(t, Features.SSE41, Mnemonic.PINSRQ, (c, o) -> insert(c, o, 64));
        Gate.put(t, Features.SSE41, Mnemonic.PEXTRB, (c, o) -> extract(c, o, 8));
        Gate.put(t, Features.SSE41, Mnemonic.PEXTRD, (c, o) -> extract(c, o, 32));
        Gate.put(t, Features.SSE41, Mnemonic.PEXTRQ, (c, o) -> extract(c, o, 64));
        Gate.put(t, Features.SSE41, Mnemonic.EXTRACTPS, (c, o) -> extract(c, o, 32));
    }

    private static void registerBlends(HandlerTable t) {
        Gate.put(t, Features.SSE41, Mnemonic.PBLENDVB, (c, o) -> blendByRegister(c, o, B));
        Gate.put(t, Features.SSE41, Mnemonic.BLENDVPS, (c, o) -> blendByRegister(c, o, D));
        Gate.put(t, Features.SSE41, Mnemonic.BLENDVPD, (c, o) -> blendByRegister(c, o, Long.MIN_VALUE));
        Gate.put(t, Features.SSE41, Mnemonic.PBLENDW, (c, o) -> blend(c, o, W, 4));
        Gate.put(t, Features.SSE41, Mnemonic.BLENDPS, (c, o) -> blend(c, o, D, 2));
        Gate.put(t, Features.SSE41, Mnemonic.BLENDPD, (c, o) -> blend(c, o, Long.MIN_VALUE, 1));
    }

    private static long spread(long a, long tops) {
        return tops == Long.MIN_VALUE ? a >> 63 : Lanes.spread(a & tops, tops);
    }

    /** The top bit of each element of XMM0 chooses. */
    private static void blendByRegister(Cpu cpu, Op op, long tops) {
        Guard.sse(cpu);
        long low = Simd.sourceLow(cpu, op);
        long high = Simd.sourceHigh(cpu, op);
        long maskLow = spread(Raw.getLong(cpu.s + MASK), tops);
        long maskHigh = spread(Raw.getLong(cpu.s + MASK + 8), tops);
        Simd.set(cpu, op, Lanes.select(maskLow, low, Simd.low(cpu, op)), Lanes.select(maskHigh, high, Simd.high(cpu, op)));
    }

    /** The bits of the immediate choose. */
    private static void blend(Cpu cpu, Op op, long tops, int perLong) {
        Guard.sse(cpu);
        long low = Simd.sourceLow(cpu, op);
        long high = Simd.sourceHigh(cpu, op);
        int mask = (int) op.immediate;
        Simd.set(cpu, op, Lanes.select(elements(mask, tops, perLong), low, Simd.low(cpu, op)),
            Lanes.select(elements(mask >>> perLong, tops, perLong), high, Simd.high(cpu, op)));
    }

    private static long elements(int mask, long tops, int perLong) {
        int width = 64 / perLong;
        long selected = 0;
        for (int i = 0; i < perLong; i++) {
            selected |= (long) (mask >>> i & 1) << width * (i + 1) - 1;
        }
        return spread(selected, tops);
    }

    private static void extend(Cpu cpu, Op op, int from, int to, boolean signed) {
        Guard.sse(cpu);
        long b = Simd.scalar(cpu, op, 128 * from / to);
        int half = 64 / to;
        Simd.set(cpu, op, extend(b, from, to, signed), extend(b >>> from * half, from, to, signed));
    }

    private static long extend(long b, int from, int to, boolean signed) {
        long r = 0;
        for (int i = 0; i < 64 / to; i++) {
            long element = b << 64 - from - from * i;
            element = signed ? element >> 64 - from : element >>> 64 - from;
            r |= (to == 64 ? element : element & (1L << to) - 1) << to * i;
        }
        return r;
    }

    private static void test(Cpu cpu, Op op) {
        Guard.sse(cpu);
        long low = Simd.sourceLow(cpu, op);
        long high = Simd.sourceHigh(cpu, op);
        long a = Simd.low(cpu, op);
        long b = Simd.high(cpu, op);
        cpu.arithmeticFlags(((low & a | high & b) == 0 ? Flags.ZF : 0) | ((low & ~a | high & ~b) == 0 ? Flags.CF : 0));
    }

    private static void minimumPosition(Cpu cpu, Op op) {
        Guard.sse(cpu);
        long low = Simd.sourceLow(cpu, op);
        long high = Simd.sourceHigh(cpu, op);
        long least = 0x10000;
        int position = 0;
        for (int i = 0; i < 8; i++) {
            long word = (i < 4 ? low : high) >>> 16 * (i & 3) & 0xffff;
            if (word < least) {
                least = word;
                position = i;
            }
        }
        Simd.set(cpu, op, least | (long) position << 16, 0);
    }

    private static long at(long low, long high, int i) {
        return (i < 8 ? low : high) >>> 8 * (i & 7) & 0xff;
    }

    private static void multipleSums(Cpu cpu, Op op) {
        Guard.sse(cpu);
        long low = Simd.sourceLow(cpu, op);
        long high = Simd.sourceHigh(cpu, op);
        long a = Simd.low(cpu, op);
        long b = Simd.high(cpu, op);
        int first = (int) op.immediate & 4;
        int block = ((int) op.immediate & 3) * 4;
        long rLow = 0;
        long rHigh = 0;
        for (int i = 0; i < 8; i++) {
            long sum = 0;
            for (int j = 0; j < 4; j++) {
                sum += Math.abs(at(a, b, first + i + j) - at(low, high, block + j));
            }
            if (i < 4) {
                rLow |= sum << 16 * i;
            } else {
                rHigh |= sum << 16 * (i - 4);
            }
        }
        Simd.set(cpu, op, rLow, rHigh);
    }

    private static void insertSingle(Cpu cpu, Op op) {
        Guard.sse(cpu);
        int control = (int) op.immediate & 0xff;
        int value = op.k1 == Instruction.XMM ? Raw.getInt(cpu.s + op.r1 + 4 * (control >>> 6)) : (int) cpu.readMemory(op, 32);
        Raw.putInt(cpu.s + op.r0 + 4 * (control >>> 4 & 3), value);
        for (int i = 0; i < 4; i++) {
            if ((control >>> i & 1) != 0) {
                Raw.putInt(cpu.s + op.r0 + 4 * i, 0);
            }
        }
    }

    private static void insert(Cpu cpu, Op op, int bits) {
        Guard.sse(cpu);
        long value = cpu.readOperand(op, op.k1, op.r1, bits);
        long to = cpu.s + op.r0 + (op.immediate & 128 / bits - 1) * bits / 8;
        switch (bits) {
            case 8 -> Raw.putByte(to, (byte) value);
            case 32 -> Raw.putInt(to, (int) value);
            default -> Raw.putLong(to, value);
        }
    }

    private static void extract(Cpu cpu, Op op, int bits) {
        Guard.sse(cpu);
        int from = op.r1 + (int) (op.immediate & 128 / bits - 1) * bits / 8;
        long value = cpu.register(from, bits);
        if (op.k0 == Instruction.MEMORY) {
            cpu.writeMemory(op, bits, value);
        } else {
            cpu.register(op.r0, 64, value);
        }
    }
}
