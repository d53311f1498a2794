package proteus.guests;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** The committed images equal their sources, wherever the tools they were built with are at hand. */
final class RebuildTest {
    private static final Path SOURCES = Path.of("src/guest");
    private static final Path TOOLS = Path.of("src/main/resources/proteus/guests/tools.txt");

    private record Outcome(int status, String output) {}

    @Test
    void rebuildingGivesTheSameBytes() throws Exception {
        String wanted = Files.readString(TOOLS).strip();
        Outcome tools = make("tools");
        if (tools.status != 0 || !tools.output.strip().equals(wanted)) {
            skip("the images were built with " + wanted + ", here is: " + tools.output.strip());
        }
        if (!compiles32Bit()) {
            skip("gcc here makes no 32-bit code (package gcc-multilib)");
        }
        Outcome check = make("check");
        assertEquals(0, check.status, check.output);
    }

    private static void skip(String reason) {
        System.err.println("RebuildTest skipped, the guest images are not compared with their sources: " + reason);
        Assumptions.abort(reason);
    }

    private static boolean compiles32Bit() throws IOException, InterruptedException {
        Path object = Files.createTempFile("guest", ".o");
        try {
            return run(List.of("gcc", "-m32", "-ffreestanding", "-Ikit", "-c", "kit/string.c", "-o", object.toString()))
                            .status
                    == 0;
        } finally {
            Files.deleteIfExists(object);
        }
    }

    private static Outcome make(String target) throws InterruptedException {
        try {
            return run(Stream.of("make", "-s", target).toList());
        } catch (IOException e) {
            return new Outcome(127, "make cannot be started");
        }
    }

    private static Outcome run(List<String> command) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command).directory(SOURCES.toFile()).redirectErrorStream(true);
        /* Flags of a make around us must not leak in. */
        builder.environment().keySet().removeIf(key -> key.startsWith("MAKE") || key.equals("MFLAGS"));
        builder.environment().put("LC_ALL", "C");
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(2, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            return new Outcome(124, output + "\ntimed out");
        }
        return new Outcome(process.exitValue(), output);
    }
}
