package proteus.silicon.cpu;

/**
 * Lazy arithmetic flags. An operation leaves its result, sign-extended to 64 bits, and an auxiliary word:
 * bit 63 CF, bit 62 CF xor OF, bit 3 AF, bit 0 "SF is the opposite of the result's sign", bits 15:8 a byte to xor into the
 * result's low byte before PF is taken. With the last two, any combination of flags can be represented (POPF, SAHF).
 * For an addition or subtraction the carry vector shifted so that the operand's top bit stands at 63 is exactly this word:
 * the carry into the sign bit stands at 62 and OF is their xor.
 */
public final class Flags {
    public static final int CF = 1, PF = 4, AF = 0x10, ZF = 0x40, SF = 0x80, TF = 0x100, IF = 0x200, DF = 0x400, OF = 0x800, IOPL = 0x3000, NT = 0x4000,
        RF = 0x10000, VM = 0x20000, AC = 0x40000, VIF = 0x80000, VIP = 0x100000, ID = 0x200000;
    /** Both: a virtual interrupt that may be taken is pending. */
    public static final int VIRTUAL_INTERRUPT = VIF | VIP;
    /** The six that are kept lazily. */
    public static final int ARITHMETIC = CF | PF | AF | ZF | SF | OF;
    public static final int FIXED = 2;

    private static final long CARRY = 1L << 63;
    private static final long PARTIAL_OVERFLOW = 1L << 62;

    private Flags() {}

    /** Auxiliary word of {@code r = a + b (+ carry)}, all sign-extended from {@code bits}. */
    public static long addAux(long a, long b, long r, int bits) {
        long carries = a & b | (a | b) & ~r;
        return carries << 64 - bits & (CARRY | PARTIAL_OVERFLOW_IN) | carries & 8;
    }

    /** Auxiliary word of {@code r = a - b (- borrow)}. */
    public static long subAux(long a, long b, long r, int bits) {
        long borrows = ~a & b | (~a | b) & r;
        return borrows << 64 - bits & (CARRY | PARTIAL_OVERFLOW_IN) | borrows & 8;
    }

    // Bit 62 of a shifted carry vector is the carry into the sign bit: kept as it is, OF is then bit 63 xor bit 62.
    private static final long PARTIAL_OVERFLOW_IN = PARTIAL_OVERFLOW;

    public static boolean cf(long aux) {
        return aux < 0;
    }

    public static boolean of(long aux) {
        return (aux ^ aux << 1) < 0;
    }

    public static boolean zf(long result) {
        return result == 0;
    }

    public static boolean sf(long result, long aux) {
        return (result ^ aux << 63) < 0;
    }

    public static boolean pf(long result, long aux) {
        int b = (int) (result ^ aux >>> 8) & 0xff;
        b ^= b >>> 4;
        return (0x6996 >>> (b & 15) & 1) == 0;
    }

    public static boolean af(long aux) {
        return (aux & 8) != 0;
    }

    /** The six arithmetic flags at their places in RFLAGS. */
    public static int arithmetic(long result, long aux) {
        return (cf(aux) ? CF : 0) | (pf(result, aux) ? PF : 0) | (af(aux) ? AF : 0) | (zf(result) ? ZF : 0) | (sf(result, aux) ? SF : 0) | (of(aux) ? OF : 0);
    }

    /** A result that represents these flags together with {@link #auxFor}. */
    public static long resultFor(int flags) {
        return (flags & ZF) != 0 ? 0 : 1;
    }

    /** The auxiliary word that represents these flags together with {@link #resultFor}. */
    public static long auxFor(int flags) {
        boolean carry = (flags & CF) != 0;
        boolean overflow = (flags & OF) != 0;
        long aux = (carry ? CARRY : 0) | (carry != overflow ? PARTIAL_OVERFLOW : 0) | ((flags & AF) != 0 ? 8 : 0) | ((flags & SF) != 0 ? 1 : 0);
        // parity of the stand-in result: 0 is even, 1 is odd; the xor byte 1 flips it
        boolean even = (flags & ZF) != 0;
        return even != ((flags & PF) != 0) ? aux | 1 << 8 : aux;
    }
}
