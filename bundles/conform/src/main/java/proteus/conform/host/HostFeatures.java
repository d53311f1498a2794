package proteus.conform.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Stream;

/** What the host's processor has and its kernel lets programs use, by the names of /proc/cpuinfo. */
public final class HostFeatures {
    private HostFeatures() {}

    /** The flags; empty where there is no such file. */
    public static Set<String> names() {
        return Set.of(line("flags").split("\\s+"));
    }

    /** The processor's name. */
    public static String model() {
        return line("model name") + ", family " + line("cpu family") + ", model " + line("model") + ", stepping " + line("stepping");
    }

    private static String line(String name) {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(l -> l.substring(0, Math.max(l.indexOf(':'), 0)).strip().equals(name)).findFirst().map(l -> l.substring(l.indexOf(':') + 1).strip())
                .orElse("");
        } catch (IOException e) {
            return "";
        }
    }
}
