package proteus.silicon.fpu;

import static proteus.silicon.fpu.Lanes.B;
import static proteus.silicon.fpu.Lanes.D;
import static proteus.silicon.fpu.Lanes.W;
import static proteus.silicon.fpu.Simd.packed;
import static proteus.silicon.fpu.Simd.put;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** SSE4.1's integer instructions and PCMPGTQ of SSE4.2, and their VEX forms (SDM vol. 1, 12.8 to 12.11). */
final class Sse41 {
    private Sse41() {}

    static void register(HandlerTable t) {
        put(t, Mnemonic.PMULDQ, (c, o) -> packed(c, o, (a, b) -> (long) (int) a * (int) b));
        put(t, Mnemonic.PMULLD, (c, o) -> packed(c, o, Lanes::multiplyDoublewords));
        put(t, Mnemonic.PCMPEQQ, (c, o) -> packed(c, o, (a, b) -> a == b ? -1 : 0));
        put(t, Mnemonic.PCMPGTQ, (c, o) -> packed(c, o, (a, b) -> a > b ? -1 : 0));
        put(t, Mnemonic.PMINSB, (c, o) -> packed(c, o, (a, b) -> Lanes.minSigned(a, b, B)));
        put(t, Mnemonic.PMINSD, (c, o) -> packed(c, o, (a, b) -> Lanes.minSigned(a, b, D)));
        put(t, Mnemonic.PMINUW, (c, o) -> packed(c, o, (a, b) -> Lanes.minUnsigned(a, b, W)));
        put(t, Mnemonic.PMINUD, (c, o) -> packed(c, o, (a, b) -> Lanes.minUnsigned(a, b, D)));
        put(t, Mnemonic.PMAXSB, (c, o) -> packed(c, o, (a, b) -> Lanes.maxSigned(a, b, B)));
        put(t, Mnemonic.PMAXSD, (c, o) -> packed(c, o, (a, b) -> Lanes.maxSigned(a, b, D)));
        put(t, Mnemonic.PMAXUW, (c, o) -> packed(c, o, (a, b) -> Lanes.maxUnsigned(a, b, W)));
        put(t, Mnemonic.PMAXUD, (c, o) -> packed(c, o, (a, b) -> Lanes.maxUnsigned(a, b, D)));
        put(t, Mnemonic.PMOVSXBW, (c, o) -> extend(c, o, 8, 16, true));
        put(t, Mnemonic.PMOVSXBD, (c, o) -> extend(c, o, 8, 32, true));
        put(t, Mnemonic.PMOVSXBQ, (c, o) -> extend(c, o, 8, 64, true));
        put(t, Mnemonic.PMOVSXWD, (c, o) -> extend(c, o, 16, 32, true));
        put(t, Mnemonic.PMOVSXWQ, (c, o) -> extend(c, o, 16, 64, true));
        put(t, Mnemonic.PMOVSXDQ, (c, o) -> extend(c, o, 32, 64, true));
        put(t, Mnemonic.PMOVZXBW, (c, o) -> extend(c, o, 8, 16, false));
        put(t, Mnemonic.PMOVZXBD, (c, o) -> extend(c, o, 8, 32, false));
        put(t, Mnemonic.PMOVZXBQ, (c, o) -> extend(c, o, 8, 64, false));
        put(t, Mnemonic.PMOVZXWD, (c, o) -> extend(c, o, 16, 32, false));
        put(t, Mnemonic.PMOVZXWQ, (c, o) -> extend(c, o, 16, 64, false));
        put(t, Mnemonic.PMOVZXDQ, (c, o) -> extend(c, o, 32, 64, false));
        registerBlends(t);
        put(t, Mnemonic.PTEST, (c, o) -> test(c, o, -1));
        put(t, Mnemonic.PHMINPOSUW, Sse41::minimumPosition);
        put(t, Mnemonic.MPSADBW, (c, o) -> Simd.lanes(c, o, 3, Sse41::multipleSums));
        put(t, Mnemonic.INSERTPS, Sse41::insertSingle);
        put(t, Mnemonic.PINSRB, (c, o) -> insert(c, o, 8));
        put(t, Mnemonic.PINSRD, (c, o) -> insert(c, o, 32));
        put(t, Mnemonic.PINSRQ, (c, o) -> insert(c, o, 64));
        put(t, Mnemonic.PEXTRB, (c, o) -> extract(c, o, 8));
        put(t, Mnemonic.PEXTRD, (c, o) -> extract(c, o, 32));
        put(t, Mnemonic.PEXTRQ, (c, o) -> extract(c, o, 64));
        put(t, Mnemonic.EXTRACTPS, (c, o) -> extract(c, o, 32));
    }

    private static void registerBlends(HandlerTable t) {
        put(t, Mnemonic.PBLENDVB, (c, o) -> blendByRegister(c, o, B));
        put(t, Mnemonic.BLENDVPS, (c, o) -> blendByRegister(c, o, D));
        put(t, Mnemonic.BLENDVPD, (c, o) -> blendByRegister(c, o, Long.MIN_VALUE));
        put(t, Mnemonic.PBLENDW, (c, o) -> blend(c, o, W, 4, 0));
        put(t, Mnemonic.BLENDPS, (c, o) -> blend(c, o, D, 2, 4));
        put(t, Mnemonic.BLENDPD, (c, o) -> blend(c, o, Long.MIN_VALUE, 1, 2));
    }

    private static long spread(long a, long tops) {
        return tops == Long.MIN_VALUE ? a >> 63 : Lanes.spread(a & tops, tops);
    }

    /** The top bit of each element of a third source chooses: XMM0, or with VEX a register of the immediate. */
    private static void blendByRegister(Cpu cpu, Op op, long tops) {
        Guard.vector(cpu, op);
        long b = Simd.source(cpu, op);
        long a = cpu.s + op.first;
        long mask = cpu.s + (op.vectorLength == 0 ? op.r2 : op.r3);
        long to = Simd.result(cpu);
        for (int i = 0; i < Simd.bytes(op); i += 8) {
            Raw.putLong(to + i, Lanes.select(spread(Raw.getLong(mask + i), tops), Raw.getLong(b + i), Raw.getLong(a + i)));
        }
        Simd.commit(cpu, op);
    }

    /**
     * The bits of the immediate choose.
     *
     * @param step as of {@link Simd#lanes}
     */
    static void blend(Cpu cpu, Op op, long tops, int perLong, int step) {
        Simd.lanes(cpu, op, step, (mask, to, a, b) -> Simd.put(to, Lanes.select(elements(mask, tops, perLong), Raw.getLong(b), Raw.getLong(a)),
            Lanes.select(elements(mask >>> perLong, tops, perLong), Raw.getLong(b + 8), Raw.getLong(a + 8))));
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
        Guard.vector(cpu, op);
        long b = Simd.sourceWithRoom(cpu, op);
        long result = Simd.result(cpu);
        for (int i = 0; i < Simd.bytes(op); i += 8) {
            Raw.putLong(result + i, extend(Raw.getLong(b + i * from / to), from, to, signed));
        }
        Simd.commit(cpu, op);
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

    /** PTEST, VTESTPS and VTESTPD: which bits are looked at. */
    static void test(Cpu cpu, Op op, long which) {
        Guard.vector(cpu, op);
        long b = Simd.source(cpu, op);
        long a = cpu.s + op.first;
        long both = 0;
        long only = 0;
        for (int i = 0; i < Simd.bytes(op); i += 8) {
            both |= Raw.getLong(b + i) & Raw.getLong(a + i);
            only |= Raw.getLong(b + i) & ~Raw.getLong(a + i);
        }
        cpu.arithmeticFlags(((both & which) == 0 ? Flags.ZF : 0) | ((only & which) == 0 ? Flags.CF : 0));
    }

    private static void minimumPosition(Cpu cpu, Op op) {
        Guard.vector(cpu, op);
        long b = Simd.source(cpu, op);
        long least = 0x10000;
        int position = 0;
        for (int i = 0; i < 8; i++) {
            long word = Raw.getShort(b + 2 * i) & 0xffff;
            if (word < least) {
                least = word;
                position = i;
            }
        }
        Simd.set(cpu, op, least | (long) position << 16, 0);
    }

    private static void multipleSums(int control, long to, long a, long b) {
        long first = a + (control & 4);
        long block = b + (control & 3) * 4;
        for (int i = 0; i < 8; i++) {
            int sum = 0;
            for (int j = 0; j < 4; j++) {
                sum += Math.abs((Raw.getByte(first + i + j) & 0xff) - (Raw.getByte(block + j) & 0xff));
            }
            Raw.putShort(to + 2 * i, (short) sum);
        }
    }

    private static void insertSingle(Cpu cpu, Op op) {
        Guard.vector(cpu, op);
        int control = (int) op.immediate & 0xff;
        int value = op.secondKind == Instruction.MEMORY ? (int) cpu.readMemory(op, 32) : Raw.getInt(cpu.s + op.second + 4 * (control >>> 6));
        long to = Simd.result(cpu);
        Simd.put(to, Simd.low(cpu, op), Simd.high(cpu, op));
        Raw.putInt(to + 4 * (control >>> 4 & 3), value);
        for (int i = 0; i < 4; i++) {
            if ((control >>> i & 1) != 0) {
                Raw.putInt(to + 4 * i, 0);
            }
        }
        Simd.commit(cpu, op);
    }

    /** PINSRB to PINSRQ. */
    static void insert(Cpu cpu, Op op, int bits) {
        Guard.vector(cpu, op);
        long value = cpu.readOperand(op, op.secondKind, op.second, bits);
        long result = Simd.result(cpu);
        Simd.put(result, Simd.low(cpu, op), Simd.high(cpu, op));
        long to = result + (op.immediate & 128 / bits - 1) * bits / 8;
        switch (bits) {
            case 8 -> Raw.putByte(to, (byte) value);
            case 16 -> Raw.putShort(to, (short) value);
            case 32 -> Raw.putInt(to, (int) value);
            default -> Raw.putLong(to, value);
        }
        Simd.commit(cpu, op);
    }

    /** PEXTRB to PEXTRQ: zero-extended in a register. */
    static void extract(Cpu cpu, Op op, int bits) {
        Guard.vector(cpu, op);
        int from = op.r1 + (int) (op.immediate & 128 / bits - 1) * bits / 8;
        long value = cpu.register(from, bits);
        if (op.k0 == Instruction.MEMORY) {
            cpu.writeMemory(op, bits, value);
        } else {
            cpu.register(op.r0, 64, value);
        }
    }
}
