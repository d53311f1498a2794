package proteus.silicon.fpu;

/**
 * Elementary functions by series, to a relative error below 2^-110. So the extended result is the correctly rounded one
 * unless the true value lies within 2^-46 units of a rounding boundary; the manual promises less than one unit (SDM vol. 1, 8.3.10).
 */
final class Functions {
    /** atan(k/16), k = 0..16. */
    private static final Wide[] ARCTANGENTS = new Wide[17];

    static {
        for (int k = 0; k <= 16; k++) {
            ARCTANGENTS[k] = euler(Wide.of(k).scale(-4));
        }
    }

    private Functions() {}

    /** Euler's series for the arc tangent, which converges everywhere, slowly. */
    private static Wide euler(Wide z) {
        if (z.isZero()) {
            return z;
        }
        Wide square = z.multiply(z);
        Wide ratio = square.divide(square.add(Wide.ONE));
        Wide term = ratio.divide(z);
        Wide sum = term;
        for (int n = 1; n < 130; n++) {
            term = term.multiply(ratio).multiply(Wide.of(2 * n)).divide(2 * n + 1);
            sum = sum.add(term);
        }
        return sum;
    }

    /** e^t - 1 for |t| below 0.7. */
    static Wide expm1(Wide t) {
        Wide sum = Wide.ONE;
        int terms = t.exponent() < -40 ? 5 : t.exponent() < -8 ? 14 : 29;
        for (int n = terms; n >= 2; n--) {
            sum = sum.multiply(t).divide(n).add(Wide.ONE);
        }
        return sum.multiply(t);
    }

    /** 2^x - 1 for |x| up to 1. */
    static Wide exp2m1(Wide x) {
        return expm1(x.multiply(Wide.LN2));
    }

    /** log2((1 + s) / (1 - s)) for |s| up to 0.18. */
    private static Wide logarithm(Wide s) {
        return odd(s, 0).multiply(Wide.ONE_OVER_LN2).scale(1);
    }

    /** s + s^3/3 + s^5/5 + ... (sign 0), or with alternating signs (1). */
    private static Wide odd(Wide s, int sign) {
        if (s.isZero()) {
            return s;
        }
        Wide square = s.multiply(s);
        if (sign != 0) {
            square = square.negate();
        }
        Wide sum = Wide.ZERO;
        int n = Math.clamp(128 / Math.max(1, -square.exponent() - 1), 1, 30);
        for (int k = n; k >= 1; k--) {
            sum = sum.add(Wide.ONE.divide(2 * k + 1)).multiply(square);
        }
        return sum.add(Wide.ONE).multiply(s);
    }

    /** Binary logarithm of a positive number. */
    static Wide log2(Wide x) {
        int exponent = x.exponent();
        Wide m = x.scale(-exponent);
        // m between sqrt(1/2) and sqrt(2), so that nothing cancels when the exponent is added
        if (Long.compareUnsigned(m.high(), 0xb504f333f9de6484L) > 0) {
            m = m.scale(-1);
            exponent++;
        }
        Wide s = m.subtract(Wide.ONE);
        Wide fraction = s.isZero() ? s : logarithm(s.divide(m.add(Wide.ONE)));
        return Wide.of(exponent).add(fraction);
    }

    /** log2(1 + x) for x above -1, relative precision kept near 0. */
    static Wide log2p1(Wide x) {
        if (x.exponent() >= -2) {
            return log2(Wide.ONE.add(x));
        }
        return logarithm(x.divide(x.add(Wide.of(2))));
    }

    /** Arc tangent of z, 0 to 1. */
    static Wide atan(Wide z) {
        int k = z.exponent() < -5 ? 0 : (int) (z.high() >>> 59 - z.exponent() - 1) + 1 >> 1;
        if (k == 0) {
            return odd(z, 1);
        }
        Wide c = Wide.of(k).scale(-4);
        Wide w = z.subtract(c).divide(z.multiply(c).add(Wide.ONE));
        return ARCTANGENTS[k].add(w.isZero() ? w : odd(w, 1));
    }

    /** Sine of |r| up to pi/4. */
    static Wide sine(Wide r) {
        return r.isZero() ? r : power(r, 1).multiply(r);
    }

    static Wide cosine(Wide r) {
        return power(r, 0);
    }

    /** 1 - r^2/((1+k)(2+k)) + ...: the cosine for k = 0, sine over r for k = 1. */
    private static Wide power(Wide r, int k) {
        if (r.isZero()) {
            return Wide.ONE;
        }
        Wide square = r.multiply(r).negate();
        Wide sum = Wide.ONE;
        int terms = square.exponent() < -40 ? 3 : square.exponent() < -12 ? 8 : 16;
        for (int n = terms; n >= 1; n--) {
            sum = sum.multiply(square).divide((2 * n + k) * (2 * n - 1 + k)).add(Wide.ONE);
        }
        return sum;
    }
}
