package proteus.x86.decode;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Decodes every instruction that objdump finds in a program and compares lengths and operands; also a program for developers. */
final class ObjdumpComparison {
    private static final Pattern PREFIX = Pattern.compile(
        "^(lock|rep|repz|repnz|repe|repne|data16|data32|addr32|addr16|bnd|notrack|xacquire|xrelease|cs|ds|es|ss|fs|gs|rex(\\.[WRXB]+)?) +(?=\\S)");
    private static final Pattern LONE_PREFIX = Pattern.compile("^(lock|rep|repz|repnz|data16|data32|addr32|addr16|bnd|cs|ds|es|ss|fs|gs|rex(\\.[WRXB]+)?)( (rep|repz|repnz|data16|data32|addr32|cs|ds|es|ss|fs|gs|rex(\\.[WRXB]+)?))* *$");
    private static final Pattern WORD_SUFFIX =
        Pattern.compile("^(push|pop|ret|leave|enter|call|jmp|fldenv|fnstenv|frstor|fnsave|lgdt|lidt|sgdt|sidt|sysexit|sysret)[wdq](?= |$)");
    private static final Pattern ROUNDING = Pattern.compile("\\{r[nduz]-sae}");
    private static final Pattern POINTER = Pattern.compile("[A-Z]+ PTR ");
    private static final Pattern TARGET = Pattern.compile("^(j[a-z]+|call|loop[a-z]*|xbegin) ([0-9a-f]+)$");
    private static final Pattern SHIFT_BY_ONE = Pattern.compile("^((?:shl|shr|sar|rol|ror|rcl|rcr) .*),0x1$");
    private static final int SAMPLES = 4000;

    final Map<String, Integer> differences = new TreeMap<>();
    final List<String> samples = new ArrayList<>();
    long instructions;
    /** The disassembled bytes when they start at address 0, else null and the bytes of each line must do. */
    private byte[] image;

    void image(byte[] bytes) {
        image = bytes;
    }

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
        byte[] shown = bytes(fields[1]);
        byte[] bytes = Arrays.copyOf(shown, Math.max(shown.length, Instruction.MAX_LENGTH));
        if (bytes[0] == (byte) 0x9B && shown.length > 1 || LONE_PREFIX.matcher(fields[2]).matches()) {
            return; // objdump takes FWAIT and what follows as one instruction, and a useless REX as one of its own
        }
        if (image != null) {
            int from = Integer.parseInt(address, 0, address.length() - 1, 16);
            if (from + Instruction.MAX_LENGTH > image.length) {
                return;
            }
            System.arraycopy(image, from, bytes, 0, Instruction.MAX_LENGTH);
        }
        instructions++;
        int length = Decoder.decode(at -> bytes[at] & 0xFF, mode, in);
        String theirs = normalise(fields[2]);
        String ours = text(in, shown, Long.parseUnsignedLong(address, 0, address.length() - 1, 16));
        boolean bad = theirs.contains("(bad)");
        boolean same = bad ? in.mnemonic == Mnemonic.INVALID : length == shown.length && ours.equals(theirs);
        if (!same) {
            String key = (fields[2].contains("lock ") && in.mnemonic == Mnemonic.INVALID ? "LOCK " : "") + theirs.split(" ")[0] + " / " + in.mnemonic;
            if (differences.merge(key, 1, Integer::sum) <= 3 && samples.size() < SAMPLES) {
                samples.add(address + " " + fields[1].trim() + " | " + theirs + " | " + ours + " (" + length + ")");
            }
        }
    }

    static byte[] bytes(String hex) {
        return HexFormat.ofDelimiter(" ").parseHex(hex.trim());
    }

    /** Our text of an instruction, normalised like theirs. */
    static String text(Instruction in, byte[] bytes, long address) {
        return in.mnemonic == Mnemonic.INVALID ? "(bad)" : normalise(ObjdumpText.of(in, bytes, address));
    }

    /** Objdump's text without prefixes, symbols, comments and the habits of its own that say nothing of the operands. */
    static String normalise(String text) {
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
        plain = WORD_SUFFIX.matcher(plain).replaceFirst("$1");
        plain = ROUNDING.matcher(plain).replaceFirst("{sae}");
        plain = plain.replace(" OWORD PTR", "").replace("{evex} ", "").replace("{vex} ", "").replace("(287 only)", "").replace("(8087 only)", "");
        if (plain.startsWith("movabs")) {
            plain = POINTER.matcher(plain).replaceFirst("");
        }
        plain = TARGET.matcher(plain).replaceFirst("$1 0x$2");
        return SHIFT_BY_ONE.matcher(plain).replaceFirst("$1,1");
    }

    /** Arguments: mode, then an objdump command line without the program's name, e.g. {@code 64 vmlinux}. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("objdump", "-d", "-w", "-M", "intel"));
        command.addAll(List.of(arguments).subList(1, arguments.length));
        ObjdumpComparison comparison = new ObjdumpComparison();
        if (arguments[1].equals("-D")) {
            comparison.image(Files.readAllBytes(Path.of(arguments[arguments.length - 1])));
        }
        comparison.compare(Integer.parseInt(arguments[0]), command);
        comparison.samples.forEach(System.out::println);
        System.out.println(comparison.differences);
        System.out.println(comparison.instructions + " instructions, " + comparison.differences.values().stream().mapToInt(i -> i).sum() + " differ");
    }
}
