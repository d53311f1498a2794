package proteus.silicon.translate;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Whether this host can execute translations at all. */
final class HostFeatures {
    /** What emitted code uses beyond plain x86-64, as Linux calls it. */
    private static final List<String> NEEDED = List.of("fsgsbase", "bmi2", "lahf_lm");
    /** What {@link VexForms} and {@link BitForms} use. */
    private static final List<String> MODERN = List.of("avx2", "fma", "bmi1", "bmi2", "abm", "popcnt");
    /** AT_HWCAP2 and its bit for FSGSBASE that user code may use (Linux, asm/hwcap2.h). */
    private static final long HWCAP2 = 26, FSGSBASE = 2;

    private HostFeatures() {}

    /** Why not, as a clause; empty if it can. */
    static Optional<String> lacking() {
        if (!System.getProperty("os.name").equals("Linux") || !System.getProperty("os.arch").equals("amd64")) {
            return Optional.of("translation needs an x86-64 Linux host");
        }
        try {
            Set<String> flags = flags();
            Optional<String> missing = NEEDED.stream().filter(flag -> !flags.contains(flag)).findFirst();
            if (missing.isPresent()) {
                return Optional.of("the host's processor lacks " + missing.get());
            }
        } catch (IOException | java.io.UncheckedIOException e) {
            return Optional.of("the host does not tell the features of its processor");
        }
        return (auxiliary(HWCAP2) & FSGSBASE) == 0 ? Optional.of("the host's kernel does not allow wrgsbase") : Optional.empty();
    }

    /** Whether the host has AVX2, FMA, BMI and bit counts. */
    static boolean modern() {
        try {
            return flags().containsAll(MODERN);
        } catch (IOException | java.io.UncheckedIOException e) {
            return false;
        }
    }

    private static Set<String> flags() throws IOException {
        try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("flags")).findFirst().map(line -> Set.copyOf(List.of(line.split("[\\s:]+")))).orElse(Set.of());
        }
    }

    private static long auxiliary(long type) {
        try {
            Linker linker = Linker.nativeLinker();
            var handle = linker.downcallHandle(linker.defaultLookup().find("getauxval").orElseThrow(),
                FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
            return (long) handle.invokeExact(type);
        } catch (Throwable t) {
            throw CodeMemory.unexpected(t);
        }
    }
}
