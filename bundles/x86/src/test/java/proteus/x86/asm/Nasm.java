package proteus.x86.asm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Runs NASM on many lines at once. */
final class Nasm {
    /** Room for an instruction; each stands at a multiple of this. */
    static final int SLOT = 16;
    private static final Pattern ERROR = Pattern.compile(":(\\d+): error: .*");
    private static final int PREAMBLE = 2;

    private Nasm() {
    }

    static boolean present() {
        try {
            return new ProcessBuilder("nasm", "-v").redirectErrorStream(true).start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** The bytes of each line, padded with zeros to {@link #SLOT}; null for a line that NASM does not accept. */
    static List<byte[]> assemble(List<String> lines, int mode, Path directory) throws IOException, InterruptedException {
        Set<Integer> refused = new HashSet<>();
        Path source = directory.resolve("lines.asm");
        Path binary = directory.resolve("lines.bin");
        while (true) {
            StringBuilder text = new StringBuilder("bits " + mode + "\norg 0\n");
            for (int i = 0; i < lines.size(); i++) {
                text.append(refused.contains(i) ? "" : lines.get(i)).append("\ntimes ").append((i + 1) * SLOT).append("-($-$$) db 0\n");
            }
            Files.writeString(source, text);
            Process process = new ProcessBuilder("nasm", "-f", "bin", "-w-all", "-w+label-orphan", "-w+error=label-orphan", "-o", binary.toString(), source.toString()).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes());
            if (process.waitFor() == 0) {
                break;
            }
            int before = refused.size();
            for (Matcher error = ERROR.matcher(output); error.find();) {
                refused.add((Integer.parseInt(error.group(1)) - 1 - PREAMBLE) / 2);
            }
            if (refused.size() == before) {
                throw new IOException("nasm: " + output);
            }
        }
        byte[] all = Files.readAllBytes(binary);
        List<byte[]> result = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            byte[] slot = new byte[SLOT];
            System.arraycopy(all, i * SLOT, slot, 0, SLOT);
            result.add(refused.contains(i) ? null : slot);
        }
        return result;
    }
}
