package proteus.shell.bench;

import java.util.List;
import java.util.stream.Stream;

/**
 * A loop of the bench programs.
 *
 * @param bits width of the code, 32 or 64
 * @param name as {@code only=} takes it
 * @param kind what it needs around it
 */
record Loop(int bits, String name, Kind kind) {
    /** What a loop needs around it. */
    enum Kind {
        /** Nothing: it computes in user mode. */
        COMPUTING,
        /** A processor of its own: it is a small system. */
        BARE,
        /** Linux. */
        LINUX
    }

    /** As the guests have them (bundles/guests, src/guest/bench/bench.c, ring3.c and host.c). */
    private static final List<String> COMPUTING = List.of(
            "collatz", "sieve", "crc32", "sha256", "qsort", "copy", "fib", "matmul", "strings", "repmovs", "chase", "interp", "branchy",
            "coremix", "memcpy", "triad", "nbody");
    private static final List<String> BARE = List.of("syscall", "pgfault", "ctxswitch");
    private static final List<String> LINUX = List.of("getppid", "fork", "exec", "faults", "pipe", "signal");

    /** Those of one width that a guest of the kit has. */
    static List<Loop> ofKit(int bits) {
        return Stream.concat(of(bits, COMPUTING, Kind.COMPUTING), of(bits, BARE, Kind.BARE)).toList();
    }

    /** Those of one width that need Linux. */
    static List<Loop> ofLinux(int bits) {
        return of(bits, LINUX, Kind.LINUX).toList();
    }

    private static Stream<Loop> of(int bits, List<String> names, Kind kind) {
        return names.stream().map(name -> new Loop(bits, name, kind));
    }
}
