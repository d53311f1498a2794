package proteus.conform.state;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.LongStream;

/** Where below 4 GiB, which operands can name without a register, this process has nothing: the JVM puts its class space anywhere there. */
public final class FreeAddresses {
    private static final Path MAPS = Path.of("/proc/self/maps");
    /** The kernel lets nobody map below (vm.mmap_min_addr as distributions set it). */
    private static final long LEAST = 0x1_0000L, FOUR_GIB = 1L << 32;
    private static final long FIRST = 0x1000_0000L, STEP = 0x0800_0000L, END = 0x7800_0000L;

    /** Addresses from a first one up to, but without, a last one. */
    public record Range(long from, long to) {}

    private FreeAddresses() {}

    /** The gaps below 4 GiB in ascending order, the window taken out; none if that cannot be found out. */
    public static List<Range> gaps() {
        List<Range> taken = new ArrayList<>(taken());
        if (taken.isEmpty()) {
            return List.of();
        }
        taken.add(new Range(Window.BASE, Window.BASE + Window.BYTES));
        taken.add(new Range(FOUR_GIB, FOUR_GIB));
        List<Range> gaps = new ArrayList<>();
        long from = LEAST;
        for (Range next : taken.stream().sorted(Comparator.comparingLong(Range::from)).toList()) {
            long end = Math.min(next.from, FOUR_GIB);
            if (end > from) {
                gaps.add(new Range(from, end));
            }
            from = Math.max(from, next.to);
        }
        return gaps;
    }

    /** The first candidate below 2 GiB with so many free bytes, and as many on both sides; the first of all if that cannot be found out. */
    static long find(long bytes) {
        List<Range> taken = taken();
        return LongStream.iterate(FIRST, at -> at < END, at -> at + STEP).filter(at -> taken.stream().noneMatch(r -> r.from < at + 2 * bytes && r.to > at - bytes))
            .findFirst().orElse(FIRST);
    }

    private static List<Range> taken() {
        try {
            return Files.readAllLines(MAPS).stream().map(FreeAddresses::range).toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    private static Range range(String line) {
        int dash = line.indexOf('-');
        return new Range(Long.parseUnsignedLong(line, 0, dash, 16), Long.parseUnsignedLong(line, dash + 1, line.indexOf(' '), 16));
    }
}
