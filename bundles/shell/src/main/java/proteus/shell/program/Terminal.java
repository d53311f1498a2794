package proteus.shell.program;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import proteus.api.vm.VirtualMachine;

/**
 * Standard input as the guest's keyboard. A terminal is put into raw mode, so that the guest gets every key; anything else
 * is typed line by line, each once the guest shows a prompt.
 */
final class Terminal implements AutoCloseable {
    /** Control-], as telnet has it: leaves the guest. */
    private static final char ESCAPE = 0x1d;

    private final boolean raw;
    private final Thread restorer;

    private Terminal(boolean raw) {
        this.raw = raw;
        this.restorer = new Thread(Terminal::restore, "restore the terminal");
        if (raw) {
            Runtime.getRuntime().addShutdownHook(restorer);
        }
    }

    static boolean isTerminal() {
        return System.console() != null && System.console().isTerminal();
    }

    static Terminal attach(VirtualMachine vm, InputStream in, List<String> prompts) {
        boolean raw = isTerminal() && stty("-icanon", "-echo", "-isig", "-icrnl", "min", "1");
        Reader reader = new InputStreamReader(in, StandardCharsets.UTF_8);
        Thread.ofPlatform().daemon(true).name("keyboard of " + vm.name()).start(() -> {
            try {
                if (raw) {
                    keys(vm, reader);
                } else {
                    lines(vm, reader, prompts);
                }
            } catch (IOException e) {
                Program.say("standard input is lost: " + e.getMessage());
            }
        });
        if (raw) {
            Program.say("your keys go to the guest; Control-] leaves it");
        }
        return new Terminal(raw);
    }

    private static void keys(VirtualMachine vm, Reader reader) throws IOException {
        for (int key = reader.read(); key >= 0; key = reader.read()) {
            if (key == ESCAPE) {
                vm.stop();
                return;
            }
            vm.console().type(String.valueOf((char) key));
        }
    }

    private static void lines(VirtualMachine vm, Reader reader, List<String> prompts) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = reader.read(); c >= 0; c = reader.read()) {
            line.append((char) c);
            if (c == '\n') {
                vm.console().typeAfterAny(prompts, line.toString());
                line.setLength(0);
            }
        }
        if (!line.isEmpty()) {
            vm.console().typeAfterAny(prompts, line.toString());
        }
    }

    private static void restore() {
        stty("sane");
    }

    /** stty acts on its own standard input, which is ours. */
    private static boolean stty(String... words) {
        try {
            ProcessBuilder builder = new ProcessBuilder();
            builder.command().add("stty");
            builder.command().addAll(List.of(words));
            Process process = builder.redirectInput(ProcessBuilder.Redirect.INHERIT)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return process.waitFor(2, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    @Override
    public void close() {
        if (raw) {
            restore();
            Runtime.getRuntime().removeShutdownHook(restorer);
        }
    }
}
