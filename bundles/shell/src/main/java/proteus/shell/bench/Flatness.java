package proteus.shell.bench;

import java.util.List;

/** Whether a size that was sampled again and again grows still. */
final class Flatness {
    /** What the last quarter may lie above the third: a share of it, and some MiB, since compilers and caches never quite rest. */
    private static final double SHARE = 0.05, MIB = 4;

    private Flatness() {}

    /** The first half is warming up. */
    static boolean grows(List<Double> sizes) {
        int quarter = sizes.size() / 4;
        double before = mean(sizes.subList(sizes.size() - 2 * quarter, sizes.size() - quarter));
        double last = mean(sizes.subList(sizes.size() - quarter, sizes.size()));
        return last > before * (1 + SHARE) + MIB;
    }

    private static double mean(List<Double> sizes) {
        return sizes.stream().mapToDouble(Double::doubleValue).average().orElse(0);
    }
}
