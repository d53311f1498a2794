package proteus.shell.bench;

import java.util.Collection;
import java.util.List;

/** Middles. */
final class Statistics {
    private Statistics() {}

    /** The middle one, or the mean of the two in the middle; the collection is not empty. */
    static double median(double[] values) {
        double[] sorted = values.clone();
        java.util.Arrays.sort(sorted);
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }

    static long median(List<Long> values) {
        return Math.round(median(values.stream().mapToDouble(Long::doubleValue).toArray()));
    }

    /** Of positive numbers, at least one. */
    static double geometricMean(Collection<Double> values) {
        return Math.exp(values.stream().mapToDouble(Math::log).average().orElseThrow());
    }
}
