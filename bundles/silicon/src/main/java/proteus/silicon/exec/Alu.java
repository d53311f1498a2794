package proteus.silicon.exec;

import static proteus.silicon.cpu.CpuLayout.FLAG_AUX;
import static proteus.silicon.cpu.CpuLayout.FLAG_RESULT;

import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.Raw;

/**
 * Integer arithmetic: the one definition of each operation, shared by the operations and the handlers. Operands may carry
 * anything above their size; {@code unused} is 64 minus the size in bits. Results carry garbage above the size too, except
 * where a method says otherwise. Flags go into the lazy pair (see {@link proteus.silicon.cpu.Flags}).
 */
final class Alu {
    private static final long CARRY = 1L << 63;
    private static final long CARRY_IN = 1L << 62;
    private static final long AUX = 8;

    private Alu() {}

    private static void flags(long s, long result, long aux, int unused) {
        Raw.putLong(s + FLAG_RESULT, result << unused >> unused);
        Raw.putLong(s + FLAG_AUX, aux);
    }

    static long add(long s, long a, long b, int unused) {
        long r = a + b;
        long c = a & b | (a | b) & ~r;
        flags(s, r, c << unused & (CARRY | CARRY_IN) | c & AUX, unused);
        return r;
    }

    static long adc(long s, long a, long b, int unused) {
        long r = a + b + (Raw.getLong(s + FLAG_AUX) >>> 63);
        long c = a & b | (a | b) & ~r;
        flags(s, r, c << unused & (CARRY | CARRY_IN) | c & AUX, unused);
        return r;
    }

    /** SUB and CMP. */
    static long sub(long s, long a, long b, int unused) {
        long r = a - b;
        long c = ~a & b | (~a | b) & r;
        flags(s, r, c << unused & (CARRY | CARRY_IN) | c & AUX, unused);
        return r;
    }

    static long sbb(long s, long a, long b, int unused) {
        long r = a - b - (Raw.getLong(s + FLAG_AUX) >>> 63);
        long c = ~a & b | (~a | b) & r;
        flags(s, r, c << unused & (CARRY | CARRY_IN) | c & AUX, unused);
        return r;
    }

    static long and(long s, long a, long b, int unused) {
        long r = a & b;
        flags(s, r, 0, unused);
        return r;
    }

    static long or(long s, long a, long b, int unused) {
        long r = a | b;
        flags(s, r, 0, unused);
        return r;
    }

    static long xor(long s, long a, long b, int unused) {
        long r = a ^ b;
        flags(s, r, 0, unused);
        return r;
    }

    static long inc(long s, long a, int unused) {
        long r = a + 1;
        long c = a & ~r;
        keepingCarry(s, r, c, unused);
        return r;
    }

    static long dec(long s, long a, int unused) {
        long r = a - 1;
        long c = ~a & r;
        // borrows of a - 1: ~a & 1 | (~a | 1) & r; above bit 0 that is ~a & r
        keepingCarry(s, r, c | ~a & 1, unused);
        return r;
    }

    /** Flags of INC and DEC: CF stays. */
    private static void keepingCarry(long s, long r, long c, int unused) {
        long old = Raw.getLong(s + FLAG_AUX);
        long carries = c << unused;
        long overflow = carries ^ carries << 1;
        flags(s, r, old & CARRY | (old ^ overflow) >>> 1 & CARRY_IN | c & AUX, unused);
    }

    static long neg(long s, long a, int unused) {
        return sub(s, 0, a, unused);
    }

    // ---- shifts: the count is masked already (SDM vol. 2, SAL/SAR/SHL/SHR) and not 0

    static long shl(long s, long a, int count, int unused) {
        long r = a << count;
        // the last bit out is CF; OF of a shift by one is the top bit of the result xor CF
        flags(s, r, a << unused << count - 1 & CARRY | r << unused >>> 1 & CARRY_IN, unused);
        return r;
    }

    static long shr(long s, long a, int count, int unused) {
        long z = a << unused >>> unused;
        long r = z >>> count;
        long carry = z >>> count - 1 << 63;
        // OF of a shift by one is the operand's top bit
        long overflow = (r ^ r << 1) << unused & CARRY;
        flags(s, r, carry | (carry ^ overflow) >>> 1, unused);
        return r;
    }

    static long sar(long s, long a, int count, int unused) {
        long x = a << unused >> unused;
        long r = x >> count;
        long carry = x >> count - 1 << 63;
        flags(s, r, carry | carry >>> 1, unused);
        return r;
    }

    /** Sets CF and OF (each given in bit 63), keeps the rest. */
    static void carryAndOverflow(long s, long carry, long overflow) {
        long aux = Raw.getLong(s + FLAG_AUX) & ~(CARRY | CARRY_IN);
        Raw.putLong(s + FLAG_AUX, aux | carry & CARRY | (carry ^ overflow) >>> 1 & CARRY_IN);
    }

    /** Sets CF (given in bit 63), keeps the rest, OF included. */
    static void carry(long s, long carry) {
        long aux = Raw.getLong(s + FLAG_AUX);
        long overflow = aux ^ aux << 1;
        carryAndOverflow(s, carry, overflow);
    }

    static long rol(long s, long a, int count, int unused) {
        int bits = 64 - unused;
        int n = count & bits - 1;
        long z = a << unused >>> unused;
        long r = n == 0 ? z : z << n | z >>> bits - n;
        carryAndOverflow(s, r << 63, r << unused ^ r << 63);
        return r;
    }

    static long ror(long s, long a, int count, int unused) {
        int bits = 64 - unused;
        int n = count & bits - 1;
        long z = a << unused >>> unused;
        long r = n == 0 ? z : z >>> n | z << bits - n;
        carryAndOverflow(s, r << unused, r << unused ^ r << unused + 1);
        return r;
    }

    /** RCL by a count already masked to 31 or 63 and not 0; rotates by it modulo the size plus one. */
    static long rcl(long s, long a, int count, int unused) {
        int bits = 64 - unused;
        int n = bits < 32 ? count % (bits + 1) : count;
        long z = a << unused >>> unused;
        long carry = Raw.getLong(s + FLAG_AUX) >>> 63;
        for (int i = 0; i < n; i++) {
            long out = z >>> bits - 1 & 1;
            z = z << 1 | carry;
            carry = out;
        }
        carryAndOverflow(s, carry << 63, z << unused ^ carry << 63);
        return z;
    }

    static long rcr(long s, long a, int count, int unused) {
        int bits = 64 - unused;
        int n = bits < 32 ? count % (bits + 1) : count;
        long z = a << unused >>> unused;
        long carry = Raw.getLong(s + FLAG_AUX) >>> 63;
        for (int i = 0; i < n; i++) {
            long out = z & 1;
            z = z >>> 1 | carry << bits - 1;
            carry = out;
        }
        carryAndOverflow(s, carry << 63, z << unused ^ z << unused + 1);
        return z;
    }

    /** SHLD by a masked count that is not 0; counts above the size give undefined results (we rotate through both, as Intel's 16-bit form does). */
    static long shld(long s, long a, long b, int count, int unused) {
        int bits = 64 - unused;
        long z = a << unused >>> unused;
        long y = b << unused >>> unused;
        long r;
        long carry;
        if (count <= bits) {
            r = (count == 64 ? 0 : z << count) | (count == bits ? y : y >>> bits - count);
            carry = z >>> bits - count;
        } else {
            int n = count - bits;
            r = y << n | z >>> bits - n;
            carry = y >>> bits - n;
        }
        long overflow = (r ^ z) << unused;
        doubleShift(s, r, carry, overflow, unused);
        return r;
    }

    static long shrd(long s, long a, long b, int count, int unused) {
        int bits = 64 - unused;
        long z = a << unused >>> unused;
        long y = b << unused >>> unused;
        long r;
        long carry;
        if (count <= bits) {
            r = z >>> count | (count == bits ? y : y << bits - count);
            carry = z >>> count - 1;
        } else {
            int n = count - bits;
            r = y >>> n | z << bits - n;
            carry = y >>> n - 1;
        }
        long overflow = (r ^ z) << unused;
        doubleShift(s, r, carry, overflow, unused);
        return r;
    }

    private static void doubleShift(long s, long r, long carry, long overflow, int unused) {
        long c = carry << 63;
        flags(s, r, c | (c ^ overflow) >>> 1 & CARRY_IN, unused);
    }

    /** Two- and three-operand IMUL: CF and OF tell that the product did not fit. */
    static long imul(long s, long a, long b, int unused) {
        long x = a << unused >> unused;
        long y = b << unused >> unused;
        long r = x * y;
        boolean lost = unused == 0 ? Math.multiplyHigh(x, y) != r >> 63 : r << unused >> unused != r;
        flags(s, r, lost ? CARRY : 0, unused);
        return r;
    }

    /** Flags of a multiplication by its low half: CF and OF are set if the high half means anything. */
    static void productFlags(long s, long low, boolean lost, int unused) {
        flags(s, low, lost ? CARRY : 0, unused);
    }

    /** Flags of a result with a carry and without overflow: BMI, TZCNT and so on. */
    static void resultFlags(long s, long r, boolean carry, int unused) {
        flags(s, r, carry ? CARRY | CARRY_IN : 0, unused);
    }

    /** The condition code of a lazy pair; the even conditions negate by the low bit (SDM vol. 1, appendix B). */
    static boolean below(long s) {
        return Raw.getLong(s + FLAG_AUX) < 0;
    }

    static boolean equal(long s) {
        return Raw.getLong(s + FLAG_RESULT) == 0;
    }

    static boolean belowOrEqual(long s) {
        return Raw.getLong(s + FLAG_AUX) < 0 || Raw.getLong(s + FLAG_RESULT) == 0;
    }

    static boolean overflow(long s) {
        long aux = Raw.getLong(s + FLAG_AUX);
        return (aux ^ aux << 1) < 0;
    }

    static boolean sign(long s) {
        return (Raw.getLong(s + FLAG_RESULT) ^ Raw.getLong(s + FLAG_AUX) << 63) < 0;
    }

    static boolean parity(long s) {
        return Flags.pf(Raw.getLong(s + FLAG_RESULT), Raw.getLong(s + FLAG_AUX));
    }

    static boolean less(long s) {
        long aux = Raw.getLong(s + FLAG_AUX);
        return (Raw.getLong(s + FLAG_RESULT) ^ aux << 63 ^ aux ^ aux << 1) < 0;
    }

    static boolean lessOrEqual(long s) {
        long aux = Raw.getLong(s + FLAG_AUX);
        long result = Raw.getLong(s + FLAG_RESULT);
        return result == 0 || (result ^ aux << 63 ^ aux ^ aux << 1) < 0;
    }
}
