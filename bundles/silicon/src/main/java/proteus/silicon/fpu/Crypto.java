package proteus.silicon.fpu;

import static proteus.silicon.fpu.Simd.put;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.Mnemonic;

/** AES-NI and PCLMULQDQ, and their VEX forms (SDM vol. 1, 12.13). The state's columns are the register's doublewords. */
final class Crypto {
    private static final byte[] BOX = new byte[256], INVERSE_BOX = new byte[256];
    /** SubBytes and MixColumns of a byte in row 0, and their inverses; other rows are rotations. */
    private static final int[] ROUND = new int[256], INVERSE_ROUND = new int[256];
    /** InvMixColumns alone. */
    private static final int[] INVERSE_MIX = new int[256];

    static {
        // the S-box is the inverse in GF(2^8), by powers of 3, then an affine map (FIPS 197, 5.1.1)
        int[] power = new int[256];
        int[] logarithm = new int[256];
        int x = 1;
        for (int i = 0; i < 255; i++) {
            power[i] = x;
            logarithm[x] = i;
            x ^= twice(x);
        }
        for (int i = 0; i < 256; i++) {
            int inverse = i == 0 ? 0 : power[(255 - logarithm[i]) % 255];
            int s = inverse ^ rotate(inverse, 1) ^ rotate(inverse, 2) ^ rotate(inverse, 3) ^ rotate(inverse, 4) ^ 0x63;
            BOX[i] = (byte) s;
            INVERSE_BOX[s] = (byte) i;
        }
        for (int i = 0; i < 256; i++) {
            int s = BOX[i] & 0xff;
            ROUND[i] = twice(s) | s << 8 | s << 16 | (twice(s) ^ s) << 24;
            INVERSE_MIX[i] = times(i, 14) | times(i, 9) << 8 | times(i, 13) << 16 | times(i, 11) << 24;
        }
        for (int i = 0; i < 256; i++) {
            INVERSE_ROUND[i] = INVERSE_MIX[INVERSE_BOX[i] & 0xff];
        }
    }

    private Crypto() {}

    private static int twice(int x) {
        return x << 1 & 0xff ^ (x >>> 7) * 0x1b;
    }

    private static int times(int x, int n) {
        int r = 0;
        for (; n != 0; n >>>= 1) {
            r ^= (n & 1) * x;
            x = twice(x);
        }
        return r;
    }

    private static int rotate(int x, int n) {
        return (x << n | x >>> 8 - n) & 0xff;
    }

    static void register(HandlerTable t) {
        put(t, Mnemonic.AESENC, (c, o) -> round(c, o, false, false));
        put(t, Mnemonic.AESENCLAST, (c, o) -> round(c, o, false, true));
        put(t, Mnemonic.AESDEC, (c, o) -> round(c, o, true, false));
        put(t, Mnemonic.AESDECLAST, (c, o) -> round(c, o, true, true));
        put(t, Mnemonic.AESIMC, (c, o) -> Simd.lanes(c, o, 0, Crypto::inverseMix));
        put(t, Mnemonic.AESKEYGENASSIST, (c, o) -> Simd.lanes(c, o, 0, Crypto::keygenAssist));
        put(t, Mnemonic.PCLMULQDQ, (c, o) -> Simd.lanes(c, o, 0, Crypto::carrylessMultiply));
        Sha.register(t);
    }

    private static void round(Cpu cpu, Op op, boolean inverse, boolean last) {
        Simd.lanes(cpu, op, 0, (n, to, first, key) -> {
            long a = Raw.getLong(first);
            long b = Raw.getLong(first + 8);
            long r0 = column(a, b, 0, inverse, last) & 0xffffffffL | (long) column(a, b, 1, inverse, last) << 32;
            long r1 = column(a, b, 2, inverse, last) & 0xffffffffL | (long) column(a, b, 3, inverse, last) << 32;
            Simd.put(to, r0 ^ Raw.getLong(key), r1 ^ Raw.getLong(key + 8));
        });
    }

    private static int at(long low, long high, int column, int row) {
        return (int) (((column & 2) != 0 ? high : low) >>> 32 * (column & 1) + 8 * row) & 0xff;
    }

    /** A column after ShiftRows, SubBytes and, but for the last round, MixColumns. */
    private static int column(long low, long high, int c, boolean inverse, boolean last) {
        int step = inverse ? 3 : 1;
        int b0 = at(low, high, c, 0);
        int b1 = at(low, high, c + step, 1);
        int b2 = at(low, high, c + 2, 2);
        int b3 = at(low, high, c + 3 * step, 3);
        if (last) {
            byte[] box = inverse ? INVERSE_BOX : BOX;
            return box[b0] & 0xff | (box[b1] & 0xff) << 8 | (box[b2] & 0xff) << 16 | box[b3] << 24;
        }
        int[] table = inverse ? INVERSE_ROUND : ROUND;
        return table[b0] ^ Integer.rotateLeft(table[b1], 8) ^ Integer.rotateLeft(table[b2], 16) ^ Integer.rotateLeft(table[b3], 24);
    }

    private static int inverseMix(int column) {
        return INVERSE_MIX[column & 0xff] ^ Integer.rotateLeft(INVERSE_MIX[column >>> 8 & 0xff], 8)
            ^ Integer.rotateLeft(INVERSE_MIX[column >>> 16 & 0xff], 16) ^ Integer.rotateLeft(INVERSE_MIX[column >>> 24], 24);
    }

    private static void inverseMix(int control, long to, long a, long b) {
        for (int i = 0; i < 16; i += 4) {
            Raw.putInt(to + i, inverseMix(Raw.getInt(b + i)));
        }
    }

    private static int substitute(int word) {
        return BOX[word & 0xff] & 0xff | (BOX[word >>> 8 & 0xff] & 0xff) << 8 | (BOX[word >>> 16 & 0xff] & 0xff) << 16 | BOX[word >>> 24] << 24;
    }

    private static void keygenAssist(int constant, long to, long a, long b) {
        Simd.put(to, assist(Raw.getInt(b + 4), constant), assist(Raw.getInt(b + 12), constant));
    }

    private static long assist(int word, int constant) {
        int s = substitute(word);
        return s & 0xffffffffL | (long) (Integer.rotateRight(s, 8) ^ constant) << 32;
    }

    private static void carrylessMultiply(int control, long to, long first, long second) {
        long a = Raw.getLong(first + ((control & 1) != 0 ? 8 : 0));
        long b = Raw.getLong(second + ((control & 16) != 0 ? 8 : 0));
        // the high half is the low half of the mirrored operands, mirrored and moved by one
        long mirrored = Long.reverse(product(Long.reverse(a), Long.reverse(b))) >>> 1;
        Simd.put(to, product(a, b), mirrored);
    }

    /** Low 64 bits of a carry-less product: ordinary products of every fourth bit leave room for the carries. */
    private static long product(long a, long b) {
        long r = 0;
        for (int i = 0; i < 4; i++) {
            long sum = 0;
            for (int j = 0; j < 4; j++) {
                sum ^= (a & 0x1111111111111111L << j) * (b & 0x1111111111111111L << (i - j & 3));
            }
            r |= sum & 0x1111111111111111L << i;
        }
        return r;
    }
}
