package proteus.shell.program;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import proteus.api.vm.VmException;
import proteus.shell.text.Json;

/** The result of a program as JSON. */
final class ResultFile {
    private ResultFile() {}

    static void write(String file, Map<String, Object> values) {
        try {
            Files.writeString(Path.of(file), Json.of(values) + "\n");
        } catch (IOException e) {
            throw new VmException("the result cannot be written to " + file + " (" + e.getClass().getSimpleName() + ")", e);
        }
    }
}
