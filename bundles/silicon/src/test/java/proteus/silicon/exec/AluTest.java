package proteus.silicon.exec;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.math.BigInteger;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.Raw;

/** Results and flags against the definitions of SDM vol. 1, 3.4.3.1, written out bit by bit: all operands of 8 bits, samples of the rest. */
class AluTest {
    private final Arena arena = Arena.ofConfined();
    private final long s = arena.allocate(CpuLayout.SIZE, 64).address();
    private final Random random = new Random(7);

    @AfterEach
    void free() {
        arena.close();
    }

    private int flags() {
        return Flags.arithmetic(Raw.getLong(s + CpuLayout.FLAG_RESULT), Raw.getLong(s + CpuLayout.FLAG_AUX));
    }

    private void setFlags(int flags) {
        Raw.putLong(s + CpuLayout.FLAG_RESULT, Flags.resultFor(flags));
        Raw.putLong(s + CpuLayout.FLAG_AUX, Flags.auxFor(flags));
    }

    private static BigInteger unsigned(long value, int bits) {
        return new BigInteger(Long.toUnsignedString(bits == 64 ? value : value & (1L << bits) - 1));
    }

    private static int signZeroParity(BigInteger r, int bits) {
        BigInteger low = r.mod(BigInteger.ONE.shiftLeft(bits));
        return (low.testBit(bits - 1) ? Flags.SF : 0) | (low.signum() == 0 ? Flags.ZF : 0)
            | (Integer.bitCount(low.intValue() & 0xff) % 2 == 0 ? Flags.PF : 0);
    }

    /** Flags of a + b + c or a - b - c. */
    private static int sumFlags(long a, long b, int c, int bits, boolean subtract) {
        BigInteger x = unsigned(a, bits);
        BigInteger y = unsigned(b, bits);
        BigInteger carry = BigInteger.valueOf(c);
        BigInteger r = subtract ? x.subtract(y).subtract(carry) : x.add(y).add(carry);
        boolean cf = r.signum() < 0 || r.bitLength() > bits;
        BigInteger half = BigInteger.ONE.shiftLeft(bits);
        BigInteger sx = x.testBit(bits - 1) ? x.subtract(half) : x;
        BigInteger sy = y.testBit(bits - 1) ? y.subtract(half) : y;
        BigInteger sr = subtract ? sx.subtract(sy).subtract(carry) : sx.add(sy).add(carry);
        boolean of = sr.bitLength() > bits - 1;
        int low = subtract ? (int) (a & 15) - (int) (b & 15) - c : (int) (a & 15) + (int) (b & 15) + c;
        return signZeroParity(r, bits) | (cf ? Flags.CF : 0) | (of ? Flags.OF : 0) | (low < 0 || low > 15 ? Flags.AF : 0);
    }

    private void sums(long a, long b, int bits) {
        int unused = 64 - bits;
        long mask = -1L >>> unused;
        assertEquals(a + b & mask, Alu.add(s, a, b, unused) & mask);
        assertEquals(sumFlags(a, b, 0, bits, false), flags(), () -> "add " + a + " " + b + " of " + bits);
        assertEquals(a - b & mask, Alu.sub(s, a, b, unused) & mask);
        assertEquals(sumFlags(a, b, 0, bits, true), flags(), () -> "sub " + a + " " + b + " of " + bits);
        for (int c = 0; c < 2; c++) {
            int carry = c;
            setFlags(c);
            assertEquals(a + b + c & mask, Alu.adc(s, a, b, unused) & mask);
            assertEquals(sumFlags(a, b, c, bits, false), flags(), () -> "adc " + a + " " + b + " " + carry + " of " + bits);
            setFlags(c);
            assertEquals(a - b - c & mask, Alu.sbb(s, a, b, unused) & mask);
            assertEquals(sumFlags(a, b, c, bits, true), flags(), () -> "sbb " + a + " " + b + " " + carry + " of " + bits);
            setFlags(c);
            Alu.inc(s, a, unused);
            assertEquals(sumFlags(a, 1, 0, bits, false) & ~Flags.CF | c, flags(), () -> "inc " + a + " of " + bits);
            setFlags(c);
            Alu.dec(s, a, unused);
            assertEquals(sumFlags(a, 1, 0, bits, true) & ~Flags.CF | c, flags(), () -> "dec " + a + " of " + bits);
        }
        Alu.xor(s, a, b, unused);
        assertEquals(signZeroParity(unsigned(a ^ b, bits), bits), flags());
    }

    @Test
    void sumsOfAllBytes() {
        for (int a = 0; a < 256; a++) {
            for (int b = 0; b < 256; b++) {
                sums(a, b, 8);
            }
        }
    }

    @Test
    void sumsOfWiderOperands() {
        for (int i = 0; i < 20_000; i++) {
            for (int bits = 16; bits <= 64; bits *= 2) {
                sums(interesting(bits), interesting(bits), bits);
            }
        }
    }

    private long interesting(int bits) {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextLong();
            case 1 -> (1L << bits - 1) + random.nextInt(3) - 1;
            case 2 -> random.nextInt(3) - 1;
            default -> random.nextLong() >> random.nextInt(64);
        };
    }

    @Test
    void garbageAboveTheOperandDoesNotMatter() {
        for (int i = 0; i < 1000; i++) {
            long a = random.nextLong();
            long b = random.nextLong();
            Alu.add(s, a, b, 56);
            int dirty = flags();
            Alu.add(s, a & 0xff, b & 0xff, 56);
            assertEquals(flags(), dirty);
        }
    }

    /** Shifts and rotates one bit at a time, as the SDM's pseudo-code has them. */
    @Test
    void shiftsAgreeWithOneBitSteps() {
        for (int bits = 8; bits <= 64; bits *= 2) {
            int unused = 64 - bits;
            long mask = -1L >>> unused;
            for (int i = 0; i < 4000; i++) {
                long a = interesting(bits) & mask;
                int count = 1 + random.nextInt(bits == 64 ? 63 : 31);
                int carry = random.nextInt(2);
                for (int kind = 0; kind < 7; kind++) {
                    long v = a;
                    int c = carry;
                    for (int k = 0; k < count; k++) {
                        long top = v >>> bits - 1 & 1;
                        long bottom = v & 1;
                        int old = c;
                        c = (int) (kind == 0 || kind == 3 || kind == 5 ? top : bottom);
                        v = switch (kind) {
                            case 0 -> v << 1;
                            case 1 -> v >>> 1;
                            case 2 -> v >>> 1 | top << bits - 1;
                            case 3 -> v << 1 | top;
                            case 4 -> v >>> 1 | bottom << bits - 1;
                            case 5 -> v << 1 | old;
                            default -> v >>> 1 | (long) old << bits - 1;
                        } & mask;
                    }
                    setFlags(carry);
                    long r = switch (kind) {
                        case 0 -> Alu.shl(s, a, count, unused);
                        case 1 -> Alu.shr(s, a, count, unused);
                        case 2 -> Alu.sar(s, a, count, unused);
                        case 3 -> Alu.rol(s, a, count, unused);
                        case 4 -> Alu.ror(s, a, count, unused);
                        case 5 -> Alu.rcl(s, a, count, unused);
                        default -> Alu.rcr(s, a, count, unused);
                    } & mask;
                    String what = "kind " + kind + " of " + Long.toHexString(a) + " by " + count + " of " + bits;
                    assertEquals(v, r, what);
                    assertEquals(c, flags() & Flags.CF, what);
                    if (count == 1) {
                        boolean top = (v >>> bits - 1 & 1) != 0;
                        boolean overflow = switch (kind) {
                            case 0, 3, 5 -> top != (c != 0);
                            case 1 -> a >>> bits - 1 != 0;
                            case 2 -> false;
                            default -> top != ((v >>> bits - 2 & 1) != 0);
                        };
                        assertEquals(overflow, (flags() & Flags.OF) != 0, what);
                    }
                    if (kind < 3) {
                        assertEquals(signZeroParity(unsigned(v, bits), bits), flags() & (Flags.SF | Flags.ZF | Flags.PF), what);
                    }
                }
            }
        }
    }

    @Test
    void doubleShiftsMoveBitsOfTheSecondOperandIn() {
        for (int bits = 16; bits <= 64; bits *= 2) {
            int unused = 64 - bits;
            long mask = -1L >>> unused;
            for (int i = 0; i < 4000; i++) {
                long a = random.nextLong() & mask;
                long b = random.nextLong() & mask;
                int count = 1 + random.nextInt(Math.min(bits, bits == 64 ? 63 : 31));
                BigInteger left = unsigned(a, bits).shiftLeft(bits).or(unsigned(b, bits)).shiftLeft(count);
                assertEquals(left.shiftRight(bits).longValue() & mask, Alu.shld(s, a, b, count, unused) & mask);
                assertEquals(left.testBit(2 * bits), (flags() & Flags.CF) != 0);
                BigInteger pair = unsigned(b, bits).shiftLeft(bits).or(unsigned(a, bits));
                assertEquals(pair.shiftRight(count).longValue() & mask, Alu.shrd(s, a, b, count, unused) & mask);
                assertEquals(pair.testBit(count - 1), (flags() & Flags.CF) != 0);
            }
        }
    }

    @Test
    void signedProductsTellWhetherTheyFit() {
        for (int bits = 16; bits <= 64; bits *= 2) {
            int unused = 64 - bits;
            for (int i = 0; i < 4000; i++) {
                long a = interesting(bits) << unused >> unused;
                long b = interesting(bits) << unused >> unused;
                BigInteger exact = BigInteger.valueOf(a).multiply(BigInteger.valueOf(b));
                long r = Alu.imul(s, a, b, unused) << unused >> unused;
                assertEquals(exact.longValue() << unused >> unused, r);
                int expected = exact.bitLength() > bits - 1 ? Flags.CF | Flags.OF : 0;
                assertEquals(expected, flags() & (Flags.CF | Flags.OF));
            }
        }
    }

    @Test
    void dividesBy64BitsExactly() {
        for (int i = 0; i < 200_000; i++) {
            long d = interesting(64);
            long h = interesting(64);
            long l = interesting(64);
            if (d == 0) {
                continue;
            }
            h = Long.remainderUnsigned(h, d);
            BigInteger n = unsigned(h, 64).shiftLeft(64).or(unsigned(l, 64));
            assertEquals(n.divide(unsigned(d, 64)).longValue(), Products.divide(h, l, d));
        }
    }

    @Test
    void anyCombinationOfFlagsCanBeStored() {
        for (int bits = 0; bits < 64; bits++) {
            int flags = (bits & 1) | (bits & 2) << 1 | (bits & 4) << 2 | (bits & 8) << 3 | (bits & 16) << 3 | (bits & 32) << 6;
            setFlags(flags);
            assertEquals(flags, flags());
        }
    }
}
