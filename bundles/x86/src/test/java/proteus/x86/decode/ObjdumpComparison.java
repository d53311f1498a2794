package proteus.x86.decode;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Decodes every instruction that objdump finds in a program and compares lengths and operands; also a program for developers. */
final class ObjdumpComparison {
    private static final Pattern PREFIX = Pattern.compile(
        "^(lock|rep|repz|repnz|repe|repne|data16|addr32|addr16|bnd|notrack|xacquire|xrelease|cs|ds|es|ss|fs|gs|rex(\\.[WRXB]+)?) (?=\\S)");
    private static final Pattern SHIFT_BY_ONE = Pattern.compile("^((?:shl|shr|sar|rol|ror|rcl|rcr) .*),0x1$");
    private static final int SAMPLES = 400;

    final Map<String, Integer> differences = new TreeMap<>();
    final List<String> samples = new ArrayList<>();
    long instructions;

    /** @param mode 16, 32 or 64 */
    void compare(int mode, List<String> objdump) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(objdump).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        Instruction in = new Instruction();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] fields = line.split("\t");
                if (fields.length == 3 && fields[0].endsWith(":")) {
                    compareLine(mode, fields, in);
                }
            }
        }
        if (process.waitFor() != 0) {
            throw new IOException("objdump failed");
        }
    }

    private void compareLine(int mode, String[] fields, Instruction in) {
        String address = fields[0].trim();
        String[] hex = fields[1].trim().split(" ");
        byte[] bytes = new byte[Math.max(hex.length, Instruction.MAX_LENGTH)];
        for (int i = 0; i < hex.length; i++) {
            bytes[i] = (byte) Integer.parseInt(hex[i], 16);
        }
        if (bytes[0] == (byte) 0x9B && hex.length > 1) {
            return; // objdump takes FWAIT and what follows as one instruction
        }
        instructions++;
        int length = Decoder.decode(at -> bytes[at] & 0xFF, mode, in);
        String theirs = normalise(fields[2]);
        ObjdumpText.opcodeDc = bytes[hex.length - 2 < 0 ? 0 : hex.length - 2] == (byte) 0xDC;
        String ours = in.mnemonic == Mnemonic.INVALID ? "(bad)" : normalise(ObjdumpText.of(in, Long.parseUnsignedLong(address.substring(0, address.length() - 1), 16)));
        boolean bad = theirs.contains("(bad)");
        boolean same = bad ? in.mnemonic == Mnemonic.INVALID : length == hex.length && ours.equals(theirs);
        if (!same) {
            String key = theirs.split(" ")[0] + " / " + in.mnemonic;
            if (differences.merge(key, 1, Integer::sum) <= 3 && samples.size() < SAMPLES) {
                samples.add(address + " " + fields[1].trim() + " | " + theirs + " | " + ours + " (" + length + ")");
            }
        }
    }

    private static String normalise(String text) {
        String plain = text;
        int comment = plain.indexOf('#');
        if (comment >= 0) {
            plain = plain.substring(0, comment);
        }
        int symbol = plain.indexOf(" <");
        if (symbol >= 0) {
            plain = plain.substring(0, symbol);
        }
        plain = plain.trim().replaceAll(" +", " ");
        for (String last = ""; !last.equals(plain);) {
            last = plain;
            plain = PREFIX.matcher(plain).replaceFirst("");
        }
        if (plain.equals("xchg ax,ax") || plain.equals("xchg eax,eax")) {
            return "nop";
        }
        return SHIFT_BY_ONE.matcher(plain).replaceFirst("$1,1");
    }

    /** Arguments: mode, then an objdump command line without the program's name, e.g. {@code 64 vmlinux}. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("objdump", "-d", "-w", "-M", "intel"));
        command.addAll(List.of(arguments).subList(1, arguments.length));
        ObjdumpComparison comparison = new ObjdumpComparison();
        comparison.compare(Integer.parseInt(arguments[0]), command);
        comparison.samples.forEach(System.out::println);
        System.out.println(comparison.differences);
        System.out.println(comparison.instructions + " instructions, " + comparison.differences.values().stream().mapToInt(i -> i).sum() + " differ");
    }
}
