package proteus.silicon.exec;

import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import proteus.silicon.cpu.Cpu;

/** Runs cases captured from a real processor in real mode: state before, state after. */
final class RealModeVectors {
    private static final String[] NAMES = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
    private static final String[] SEGMENTS = {"es", "cs", "ss", "ds"};
    private static final Pattern REGISTER = Pattern.compile("\"(\\w\\w|flags)\":(\\d+)");
    private static final Pattern BYTE = Pattern.compile("\\[(\\d+),(\\d+)\\]");

    private static final Pattern EXCEPTION = Pattern.compile("\"exc\":\\[(\\d+)");
    private static final Pattern LOCKABLE = Pattern.compile("lock ((add|or|adc|sbb|and|sub|xor|inc|dec|not|neg) (byte |word )?\\[|xchg .*\\[)");
    private static final Pattern STRING = Pattern.compile("(ins|outs|movs|cmps|stos|lods|scas)[bw]");
    private static final int STATUS_FLAGS = 0xfd5;
    private static final int UD = 6, SS = 12, GP = 13;
    private static final int CX = 1, SP = 4, SI = 6;
    /** Longest instruction of an 80286, and the HLT after it. */
    private static final int LONGEST = 10 + 1;

    /** Outcome by opcode file: passed, failed, and the first failures in words. */
    static final class Outcome {
        int passed, failed;
        final List<String> failures = new ArrayList<>();
    }

    final Map<String, Outcome> outcomes = new TreeMap<>();

    /** @param only names (disassembly) of the cases to run */
    void run(Path file, Predicate<String> only) throws IOException {
        try (TestCpu t = new TestCpu(16, 16 << 20);
            BufferedReader in = new BufferedReader(new InputStreamReader(new GZIPInputStream(new FileInputStream(file.toFile())), StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                one(t, line, only);
            }
        }
    }

    private static String text(String line, String field) {
        Matcher m = Pattern.compile("\"" + field + "\":\"([^\"]*)\"").matcher(line);
        return m.find() ? m.group(1) : "";
    }

    private void one(TestCpu t, String line, Predicate<String> only) {
        String op = text(line, "op");
        String name = text(line, "name");
        if (!only.test(name)) {
            return;
        }
        Outcome outcome = outcomes.computeIfAbsent(op, x -> new Outcome());
        int fin = line.indexOf("\"fin\":");
        String before = line.substring(0, fin);
        String after = line.substring(fin, line.indexOf("\"hash\""));
        Map<String, Integer> registers = registers(before);
        Matcher mask = Pattern.compile("\"fmask\":(\\d+)").matcher(line);
        int flags = mask.find() ? Integer.parseInt(mask.group(1)) & STATUS_FLAGS : STATUS_FLAGS;
        Cpu cpu = t.cpu;
        for (int i = 0; i < 8; i++) {
            cpu.gpr(i, registers.get(NAMES[i]));
        }
        for (int i = 0; i < 4; i++) {
            t.segment(i, registers.get(SEGMENTS[i]));
        }
        cpu.rflags(registers.get("flags") & 0xfd5 | 2);
        List<int[]> ram = bytes(before);
        for (int[] b : ram) {
            t.write8(b[0], b[1]);
        }
        List<int[]> expected = bytes(after);
        Matcher exception = EXCEPTION.matcher(after);
        int vector = exception.find() ? Integer.parseInt(exception.group(1)) : -1;
        String wrong;
        try {
            int reason = t.run(registers.get("ip"), 70_000);
            String later = ofLaterProcessors(t, line, name, vector, registers, registers(after));
            registers.putAll(registers(after));
            wrong = later != null ? later : compare(t, registers, expected, flags, vector >= 0) + (reason == Interpreter.IDLE ? "" : " did not stop");
        } catch (RuntimeException e) {
            wrong = e.toString() + " at " + (e.getStackTrace().length > 0 ? e.getStackTrace()[0] : "?");
        }
        for (int[] b : ram) {
            t.write8(b[0], 0);
        }
        for (int[] b : expected) {
            t.write8(b[0], 0);
        }
        if (wrong.isEmpty()) {
            outcome.passed++;
        } else {
            outcome.failed++;
            if (outcome.failures.size() < 5) {
                outcome.failures.add(name + " (" + text(line, "bytes") + "):" + wrong + " fault " + t.fault);
            }
        }
    }

    private static String compare(TestCpu t, Map<String, Integer> expected, List<int[]> ram, int flagMask, boolean exception) {
        StringBuilder wrong = new StringBuilder();
        Cpu cpu = t.cpu;
        for (int i = 0; i < 8; i++) {
            check(wrong, NAMES[i], (int) cpu.gpr(i), expected.get(NAMES[i]));
        }
        for (int i = 0; i < 4; i++) {
            check(wrong, SEGMENTS[i], cpu.selector[i], expected.get(SEGMENTS[i]));
        }
        check(wrong, "ip", (int) cpu.rip() & 0xffff, expected.get("ip"));
        check(wrong, "flags", (int) cpu.rflags() & flagMask, expected.get("flags") & flagMask);
        int flagsAt = exception ? (expected.get("ss") << 4) + (expected.get("sp") + 4 & 0xffff) : -2;
        for (int[] b : ram) {
            // of the flags an exception pushes only those bits count that count in the register
            int mask = b[0] == flagsAt ? flagMask & 0xff : b[0] == flagsAt + 1 ? flagMask >> 8 : 0xff;
            check(wrong, "[%x]".formatted(b[0]), t.read8(b[0]) & mask, b[1] & mask);
        }
        return wrong.toString();
    }

    private static void check(StringBuilder wrong, String what, int is, int expected) {
        if (is != expected) {
            wrong.append(" %s=%x not %x".formatted(what, is, expected));
        }
    }

    /**
     * What an 80386 or later does where it does not do what the 80286 did: each of these is checked for what it does instead.
     *
     * @return null if both do the same; otherwise what is wrong, or an empty string
     */
    private static String ofLaterProcessors(TestCpu t, String line, String name, int vector, Map<String, Integer> before, Map<String, Integer> after) {
        if (name.contains("lock ") && !LOCKABLE.matcher(name).find()) {
            // SDM vol. 2, LOCK: #UD before any instruction but those listed, and without a destination in memory; an 80286 takes it everywhere
            return t.fault >= 0 && t.firstFault == UD ? "" : " no #UD for LOCK";
        }
        if (text(line, "bytes").length() > 2 * LONGEST || name.matches("mov .*\\bfs\\b.*")) {
            // #GP above 15 bytes (SDM 3A, 6.15), not above 10; and there is FS
            return t.fault < 0 ? "" : " fault " + t.firstFault;
        }
        if (vector != GP || t.fault < 0) {
            return null;
        }
        boolean string = STRING.matcher(name).find();
        if (t.firstFault != SS && !string) {
            return null;
        }
        // the stack segment has interrupt 12 (SDM 3B, table 20-1), of which the 80286 knows nothing in real mode; and a faulting string instruction can be
        // restarted (SDM vol. 2, REP), but that of the 80286 has moved SI, DI and CX
        StringBuilder wrong = new StringBuilder();
        check(wrong, "vector", t.firstFault, t.firstFault == SS ? SS : GP);
        for (int i = 0; i < NAMES.length; i++) {
            int value = i == SP || string && (i == CX || i >= SI) ? before.get(NAMES[i]) : after.getOrDefault(NAMES[i], before.get(NAMES[i]));
            check(wrong, NAMES[i] + " at the fault", (int) t.atFirstFault[i] & 0xffff, value);
        }
        return wrong.toString();
    }

    private static Map<String, Integer> registers(String part) {
        Map<String, Integer> found = new TreeMap<>();
        Matcher m = REGISTER.matcher(part.substring(part.indexOf("\"regs\"")));
        while (m.find()) {
            found.put(m.group(1), Integer.parseInt(m.group(2)));
        }
        return found;
    }

    private static List<int[]> bytes(String part) {
        List<int[]> found = new ArrayList<>();
        int exception = part.indexOf("\"exc\"");
        Matcher m = BYTE.matcher(part.substring(part.indexOf("\"ram\""), exception < 0 ? part.length() : exception));
        while (m.find()) {
            found.add(new int[] {Integer.parseInt(m.group(1)), Integer.parseInt(m.group(2))});
        }
        return found;
    }
}
