package proteus.shell.guests;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import proteus.api.vm.VmException;

/** What users tell firmware: {@code NAME=VALUE}, where the value is a file, or begins with its kind and a colon. */
public final class FirmwareFiles {
    private static final Map<String, Integer> NUMBERS = Map.of("u8", 1, "u16", 2, "u32", 4, "u64", 8);
    private static final int NAME_MOST = 55;

    private FirmwareFiles() {}

    /** Adds the wishes to files that are there already. */
    public static Map<String, byte[]> of(Map<String, byte[]> there, List<String> wishes) {
        Map<String, byte[]> files = new HashMap<>(there);
        for (String wish : wishes) {
            int equals = wish.indexOf('=');
            if (equals <= 0 || equals > NAME_MOST) {
                throw new VmException("'" + wish + "' is no file for firmware: write NAME=FILE, NAME=text:WORDS or NAME=u16:NUMBER (u8, u16, u32, u64)");
            }
            files.put(wish.substring(0, equals), content(wish.substring(equals + 1)));
        }
        return files;
    }

    private static byte[] content(String value) {
        int colon = value.indexOf(':');
        String kind = colon < 0 ? "" : value.substring(0, colon);
        String rest = value.substring(colon + 1);
        if (kind.equals("text")) {
            return rest.getBytes(StandardCharsets.UTF_8);
        }
        if (NUMBERS.containsKey(kind)) {
            return number(rest, NUMBERS.get(kind));
        }
        try {
            return Files.readAllBytes(Path.of(value));
        } catch (IOException e) {
            throw new VmException("the file " + value + " for firmware cannot be read (" + e.getClass().getSimpleName() + ")");
        }
    }

    private static byte[] number(String text, int size) {
        try {
            long value = Long.decode(text);
            byte[] bytes = new byte[size];
            for (int i = 0; i < size; i++) {
                bytes[i] = (byte) (value >>> 8 * i);
            }
            return bytes;
        } catch (NumberFormatException e) {
            throw new VmException("'" + text + "' is no number for firmware: write decimal, or 0x and hexadecimal digits");
        }
    }
}
