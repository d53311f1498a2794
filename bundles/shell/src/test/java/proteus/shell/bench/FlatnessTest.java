package proteus.shell.bench;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FlatnessTest {
    private static List<Double> sizes(IntToDoubleFunction size) {
        return IntStream.range(0, 40).mapToDouble(size).boxed().toList();
    }

    @Test
    void whatGrowsWhileItWarmsUpIsFlat() {
        assertFalse(Flatness.grows(sizes(i -> Math.min(10 * i, 150))));
    }

    @Test
    void whatGoesUpAndDownIsFlat() {
        assertFalse(Flatness.grows(sizes(i -> 40 + 20 * (i % 2))));
    }

    @Test
    void whatKeepsGrowingIsNot() {
        assertTrue(Flatness.grows(sizes(i -> 30 + i)));
    }

    @Test
    void aSmallLeakInALargeProcessShows() {
        assertTrue(Flatness.grows(sizes(i -> 300 + 3 * i)));
    }
}
