package proteus.conform.state;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.LongStream;

/** Finds addresses below 2 GiB, which absolute operands can name, where this process has nothing: the JVM puts its class space anywhere there. */
final class FreeAddresses {
    private static final Path MAPS = Path.of("/proc/self/maps");
    private static final long FIRST = 0x1000_0000L, STEP = 0x0800_0000L, END = 0x7800_0000L;

    private record Range(long from, long to) {}

    private FreeAddresses() {}

    /** The first candidate with so many free bytes, and as many on both sides; the first of all if that cannot be found out. */
    static long find(long bytes) {
        try {
            List<Range> taken = Files.readAllLines(MAPS).stream().map(FreeAddresses::range).toList();
            return LongStream.iterate(FIRST, at -> at < END, at -> at + STEP).filter(at -> taken.stream().noneMatch(r -> r.from < at + 2 * bytes && r.to > at - bytes))
                .findFirst().orElse(FIRST);
        } catch (IOException e) {
            return FIRST;
        }
    }

    private static Range range(String line) {
        int dash = line.indexOf('-');
        return new Range(Long.parseUnsignedLong(line, 0, dash, 16), Long.parseUnsignedLong(line, dash + 1, line.indexOf(' '), 16));
    }
}
