package proteus.shell.bench;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;

/** Measured numbers for people: no more digits than are worth something. */
final class Shown {
    private static final MathContext THREE_DIGITS = new MathContext(3, RoundingMode.HALF_UP);

    private Shown() {}

    static BigDecimal threeDigits(double value) {
        BigDecimal rounded = new BigDecimal(value).round(THREE_DIGITS);
        return rounded.scale() < 0 ? rounded.setScale(0) : rounded;
    }
}
