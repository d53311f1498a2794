package proteus.x86.decode;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A program for developers that writes the corpus of {@link CorpusTest}: from the output of objdump on standard input, the
 * first instruction of each form, with objdump's own text.
 */
final class CorpusWriter {
    private static final int PER_FORM = 2;

    private CorpusWriter() {
    }

    /** Argument: mode. Input: {@code objdump -d -w -M intel}. */
    public static void main(String[] arguments) throws IOException {
        int mode = Integer.parseInt(arguments[0]);
        Map<String, String> corpus = new TreeMap<>();
        Map<String, Integer> seen = new HashMap<>();
        Instruction in = new Instruction();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] fields = line.split("\t");
            if (fields.length != 3 || !fields[0].endsWith(":") || fields[2].contains("(bad)") || fields[1].startsWith("9b ") && fields[1].trim().length() > 2) {
                continue;
            }
            byte[] bytes = ObjdumpComparison.bytes(fields[1]);
            Decoder.decode(at -> at < bytes.length ? bytes[at] & 0xFF : 0, mode, in);
            if (in.mnemonic == Mnemonic.INVALID) {
                continue; // the libraries hold FMA4 and XOP for AMD
            }
            StringBuilder form = new StringBuilder(in.mnemonic.name());
            for (int i = 0; i < in.operandCount; i++) {
                form.append(' ').append(in.kind[i]).append('/').append(in.size[i]);
            }
            form.append(in.lock ? " lock" : "").append(in.rep ? " rep" : "").append(in.repne ? " repne" : "");
            if (seen.merge(form.toString(), 1, Integer::sum) <= PER_FORM) {
                corpus.put(form + " " + fields[1].trim(), String.join("\t", List.of(String.valueOf(mode), fields[0].trim().replace(":", ""),
                    fields[1].trim(), ObjdumpComparison.normalise(fields[2]))));
            }
        }
        corpus.values().forEach(System.out::println);
    }
}
