package proteus.shell.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

final class StatisticsTest {
    @Test
    void medianIsTheMiddleOrBetweenTheTwoInTheMiddle() {
        assertEquals(2, Statistics.median(new double[] {9, 1, 2}));
        assertEquals(2.5, Statistics.median(new double[] {1, 9, 2, 3}));
        assertEquals(7, Statistics.median(List.of(7L)));
    }

    @Test
    void geometricMeanTakesTwiceAndHalfForEqual() {
        assertEquals(1, Statistics.geometricMean(List.of(2.0, 0.5)), 1e-12);
    }

    @Test
    void numbersAreShownWithThreeDigits() {
        assertEquals("12300", Shown.threeDigits(12_345).toString());
        assertEquals("1.23", Shown.threeDigits(1.2345).toString());
        assertEquals("0.00123", Shown.threeDigits(0.0012345).toString());
    }
}
