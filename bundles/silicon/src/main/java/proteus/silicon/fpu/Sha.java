package proteus.silicon.fpu;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.Mnemonic;

/** The SHA extensions (SDM vol. 1, 12.16; FIPS 180-4). */
final class Sha {
    private static final int[] SHA1_CONSTANTS = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};

    private Sha() {}

    static void register(HandlerTable t) {
        t.put(Mnemonic.SHA1RNDS4, Sha::rounds1);
        t.put(Mnemonic.SHA1NEXTE, (c, o) -> {
            Guard.sse(c);
            long source = Simd.source(c, o);
            long low = Raw.getLong(source);
            long high = Raw.getLong(source + 8);
            int e = Integer.rotateLeft((int) (Simd.high(c, o) >>> 32), 30) + (int) (high >>> 32);
            Simd.set(c, o, low, high & 0xffffffffL | (long) e << 32);
        });
        t.put(Mnemonic.SHA1MSG1, (c, o) -> {
            Guard.sse(c);
            long high = Raw.getLong(Simd.source(c, o) + 8);
            long a = Simd.low(c, o);
            long b = Simd.high(c, o);
            Simd.set(c, o, high ^ a, a ^ b);
        });
        t.put(Mnemonic.SHA1MSG2, Sha::message1);
        t.put(Mnemonic.SHA256RNDS2, Sha::rounds256);
        t.put(Mnemonic.SHA256MSG1, (c, o) -> {
            Guard.sse(c);
            int w4 = (int) Raw.getLong(Simd.source(c, o));
            long a = Simd.low(c, o);
            long b = Simd.high(c, o);
            Simd.set(c, o, pair((int) a + sigma0((int) (a >>> 32)), (int) (a >>> 32) + sigma0((int) b)),
                pair((int) b + sigma0((int) (b >>> 32)), (int) (b >>> 32) + sigma0(w4)));
        });
        t.put(Mnemonic.SHA256MSG2, (c, o) -> {
            Guard.sse(c);
            long high = Raw.getLong(Simd.source(c, o) + 8);
            long a = Simd.low(c, o);
            long b = Simd.high(c, o);
            int w16 = (int) a + sigma1((int) high);
            int w17 = (int) (a >>> 32) + sigma1((int) (high >>> 32));
            Simd.set(c, o, pair(w16, w17), pair((int) b + sigma1(w16), (int) (b >>> 32) + sigma1(w17)));
        });
    }

    private static long pair(int low, int high) {
        return low & 0xffffffffL | (long) high << 32;
    }

    private static int sigma0(int x) {
        return Integer.rotateRight(x, 7) ^ Integer.rotateRight(x, 18) ^ x >>> 3;
    }

    private static int sigma1(int x) {
        return Integer.rotateRight(x, 17) ^ Integer.rotateRight(x, 19) ^ x >>> 10;
    }

    private static void message1(Cpu cpu, Op op) {
        Guard.sse(cpu);
        long source = Simd.source(cpu, op);
        long low = Raw.getLong(source);
        long high = Raw.getLong(source + 8);
        long a = Simd.low(cpu, op);
        long b = Simd.high(cpu, op);
        int w16 = Integer.rotateLeft((int) (b >>> 32) ^ (int) high, 1);
        int w17 = Integer.rotateLeft((int) b ^ (int) (low >>> 32), 1);
        int w18 = Integer.rotateLeft((int) (a >>> 32) ^ (int) low, 1);
        int w19 = Integer.rotateLeft((int) a ^ w16, 1);
        Simd.set(cpu, op, pair(w19, w18), pair(w17, w16));
    }

    private static void rounds1(Cpu cpu, Op op) {
        Guard.sse(cpu);
        long source = Simd.source(cpu, op);
        long low = Raw.getLong(source);
        long high = Raw.getLong(source + 8);
        int f = (int) op.immediate & 3;
        int k = SHA1_CONSTANTS[f];
        long s0 = Simd.low(cpu, op);
        long s1 = Simd.high(cpu, op);
        int a = (int) (s1 >>> 32);
        int b = (int) s1;
        int c = (int) (s0 >>> 32);
        int d = (int) s0;
        int e = 0;
        for (int i = 0; i < 4; i++) {
            int w = (int) (switch (i) {
                case 0 -> high >>> 32;
                case 1 -> high;
                case 2 -> low >>> 32;
                default -> low;
            });
            int mix = switch (f) {
                case 0 -> b & c ^ ~b & d;
                case 2 -> b & c ^ b & d ^ c & d;
                default -> b ^ c ^ d;
            };
            int next = mix + Integer.rotateLeft(a, 5) + w + e + k;
            e = d;
            d = c;
            c = Integer.rotateLeft(b, 30);
            b = a;
            a = next;
        }
        Simd.set(cpu, op, pair(d, c), pair(b, a));
    }

    private static void rounds256(Cpu cpu, Op op) {
        Guard.sse(cpu);
        long source = Simd.source(cpu, op);
        long low = Raw.getLong(source);
        long high = Raw.getLong(source + 8);
        long keys = Raw.getLong(cpu.s + CpuLayout.xmm(0));
        long s0 = Simd.low(cpu, op);
        long s1 = Simd.high(cpu, op);
        int a = (int) (high >>> 32);
        int b = (int) high;
        int c = (int) (s1 >>> 32);
        int d = (int) s1;
        int e = (int) (low >>> 32);
        int f = (int) low;
        int g = (int) (s0 >>> 32);
        int h = (int) s0;
        for (int i = 0; i < 2; i++) {
            int wk = (int) (keys >>> 32 * i);
            int choose = e & f ^ ~e & g;
            int majority = a & b ^ a & c ^ b & c;
            int sumE = Integer.rotateRight(e, 6) ^ Integer.rotateRight(e, 11) ^ Integer.rotateRight(e, 25);
            int sumA = Integer.rotateRight(a, 2) ^ Integer.rotateRight(a, 13) ^ Integer.rotateRight(a, 22);
            int t = choose + sumE + wk + h;
            h = g;
            g = f;
            f = e;
            e = t + d;
            d = c;
            c = b;
            b = a;
            a = t + majority + sumA;
        }
        Simd.set(cpu, op, pair(f, e), pair(b, a));
    }
}
