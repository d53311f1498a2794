package proteus.silicon.fpu;

/**
 * A floating-point number of 128 bits significand, for intermediate values of transcendental functions: {@code high:low * 2^(exponent - 127)}
 * with the top bit set, or zero. Results are truncated; an operation is wrong by less than 2^-125 of its result.
 */
record Wide(int sign, int exponent, long high, long low) {
    static final Wide ZERO = new Wide(0, 0, 0, 0), ONE = of(0, 0, Extended.TOP);
    /** Binary digits of ln 2 and pi, from any table. */
    static final Wide LN2 = new Wide(0, -1, 0xb17217f7d1cf79abL, 0xc9e3b39803f2f6afL);
    static final Wide PI = new Wide(0, 1, 0xc90fdaa22168c234L, 0xc4c6628b80dc1cd1L);
    static final Wide ONE_OVER_LN2 = ONE.divide(LN2);

    static Wide of(int sign, int exponent, long significand) {
        return new Wide(sign, exponent, significand, 0);
    }

    static Wide of(int value) {
        if (value == 0) {
            return ZERO;
        }
        long magnitude = Math.abs((long) value);
        int zeros = Long.numberOfLeadingZeros(magnitude);
        return of(value < 0 ? 1 : 0, 63 - zeros, magnitude << zeros);
    }

    boolean isZero() {
        return high == 0;
    }

    Wide negate() {
        return new Wide(sign ^ 1, exponent, high, low);
    }

    Wide absolute() {
        return sign == 0 ? this : negate();
    }

    /** Times a power of two. */
    Wide scale(int by) {
        return high == 0 ? this : new Wide(sign, exponent + by, high, low);
    }

    private static Wide normal(int sign, int exponent, long high, long low) {
        if (high < 0) {
            return new Wide(sign, exponent, high, low);
        }
        if (high == 0) {
            if (low == 0) {
                return ZERO;
            }
            high = low;
            low = 0;
            exponent -= 64;
        }
        int zeros = Long.numberOfLeadingZeros(high);
        return zeros == 0 ? new Wide(sign, exponent, high, low)
            : new Wide(sign, exponent - zeros, high << zeros | low >>> 64 - zeros, low << zeros);
    }

    int compareMagnitude(Wide other) {
        if (high == 0 || other.high == 0) {
            return Boolean.compare(high != 0, other.high != 0);
        }
        if (exponent != other.exponent) {
            return Integer.compare(exponent, other.exponent);
        }
        int order = Long.compareUnsigned(high, other.high);
        return order != 0 ? order : Long.compareUnsigned(low, other.low);
    }

    Wide add(Wide b) {
        if (compareMagnitude(b) < 0) {
            return b.add(this);
        }
        int shift = exponent - b.exponent;
        if (b.high == 0 || shift >= 128) {
            return this;
        }
        long h = shift < 64 ? b.high >>> shift : 0;
        long l = shift == 0 ? b.low : shift < 64 ? b.low >>> shift | b.high << 64 - shift : b.high >>> shift - 64;
        if (sign == b.sign) {
            long sumLow = low + l;
            long carry = Long.compareUnsigned(sumLow, l) < 0 ? 1 : 0;
            long sum = high + h + carry;
            boolean over = Long.compareUnsigned(sum, high) < 0 || sum == high && (h | carry) != 0;
            return over ? new Wide(sign, exponent + 1, sum >>> 1 | Extended.TOP, sumLow >>> 1 | sum << 63) : new Wide(sign, exponent, sum, sumLow);
        }
        long differenceLow = low - l;
        return normal(sign, exponent, high - h - (Long.compareUnsigned(low, l) < 0 ? 1 : 0), differenceLow);
    }

    Wide subtract(Wide b) {
        return add(b.negate());
    }

    Wide multiply(Wide b) {
        if (high == 0 || b.high == 0) {
            return ZERO;
        }
        // the product's lowest quarter is left out
        long h = Math.unsignedMultiplyHigh(high, b.high);
        long m = high * b.high;
        long cross = Math.unsignedMultiplyHigh(high, b.low);
        long other = Math.unsignedMultiplyHigh(low, b.high);
        m += cross;
        if (Long.compareUnsigned(m, cross) < 0) {
            h++;
        }
        m += other;
        if (Long.compareUnsigned(m, other) < 0) {
            h++;
        }
        return h < 0 ? new Wide(sign ^ b.sign, exponent + b.exponent + 1, h, m)
            : new Wide(sign ^ b.sign, exponent + b.exponent, h << 1 | m >>> 63, m << 1);
    }

    /** By a positive number below 2^31. */
    Wide divide(int n) {
        if (high == 0) {
            return this;
        }
        // 32 bits at a time, with 32 more bits than the result keeps
        long r = 0;
        long q0 = r << 32 | high >>> 32;
        long d0 = q0 / n;
        r = q0 - d0 * n;
        long q1 = r << 32 | high & 0xffffffffL;
        long d1 = q1 / n;
        r = q1 - d1 * n;
        long q2 = r << 32 | low >>> 32;
        long d2 = q2 / n;
        r = q2 - d2 * n;
        long q3 = r << 32 | low & 0xffffffffL;
        long d3 = q3 / n;
        r = q3 - d3 * n;
        long d4 = (r << 32) / n;
        long h = d0 << 32 | d1;
        long l = d2 << 32 | d3;
        if (h == 0) {
            return normal(sign, exponent - 64, l, d4 << 32);
        }
        int zeros = Long.numberOfLeadingZeros(h);
        return zeros == 0 ? new Wide(sign, exponent, h, l)
            : new Wide(sign, exponent - zeros, h << zeros | l >>> 64 - zeros, l << zeros | d4 << 32 >>> 64 - zeros);
    }

    /** Newton: a reciprocal of 62 bits, doubled. */
    Wide divide(Wide b) {
        long estimate = Long.divideUnsigned(-1L, b.high >>> 32);
        // 1/b of some 31 bits, then 62, then 124
        Wide r = normal(0, 30 - b.exponent, estimate, 0);
        Wide magnitude = b.absolute();
        Wide two = of(2);
        r = r.multiply(two.subtract(magnitude.multiply(r)));
        r = r.multiply(two.subtract(magnitude.multiply(r)));
        r = r.multiply(two.subtract(magnitude.multiply(r)));
        Wide q = multiply(r);
        return b.sign == 0 ? q : q.negate();
    }
}
