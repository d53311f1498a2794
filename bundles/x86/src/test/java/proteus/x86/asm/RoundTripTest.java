package proteus.x86.asm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import proteus.x86.decode.TableSamples;
import proteus.x86.disasm.Disassembler;

/** Every line of the opcode table: operands to bytes to text to bytes. */
class RoundTripTest {
    /** Lines the assembler never takes, by the reason why. */
    private static final Map<String, String> SHADOWED = Map.of(
        "opcode 80 does the same", """
            82/0 ADD Eb,Ib LOCK i64
            82/1 OR Eb,Ib LOCK i64
            82/2 ADC Eb,Ib LOCK i64
            82/3 SBB Eb,Ib LOCK i64
            82/4 AND Eb,Ib LOCK i64
            82/5 SUB Eb,Ib LOCK i64
            82/6 XOR Eb,Ib LOCK i64
            82/7 CMP Eb,Ib i64
            """,
        "/4 does the same, and /0 for TEST", """
            C0/6 SHL Eb,Ib
            C1/6 SHL Ev,Ib
            D0/6 SHL Eb,1
            D1/6 SHL Ev,1
            D2/6 SHL Eb,CL
            D3/6 SHL Ev,CL
            F6/1 TEST Eb,Ib
            F7/1 TEST Ev,Iz
            """,
        "there is a documented opcode", """
            D9/3/r FSTP STi # undocumented alias
            DC/2/r FCOM STi # undocumented alias
            DC/3/r FCOMP STi # undocumented alias
            DD/1/r FXCH STi # undocumented alias
            DE/2/r FCOMP STi # undocumented alias
            DF/1/r FXCH STi # undocumented alias
            DF/2/r FSTP STi # undocumented alias
            DF/3/r FSTP STi # undocumented alias
            """,
        "W is ignored outside 64-bit mode", """
            EVEX.128.66.0F.W1 6E VMOVD Vdq,Ed i64
            EVEX.128.66.0F.W1 7E VMOVD Ed,Vd i64
            EVEX.128.66.0F3A.W1 16 VPEXTRD Ed,Vdq,Ib i64
            EVEX.128.66.0F3A.W1 22 VPINSRD Vdq,Hdq,Ed,Ib i64
            EVEX.66.0F38.W1 7C VPBROADCASTD Vx,Rd kz i64
            VEX.128.66.0F.W1 6E VMOVD Vdq,Ed i64
            VEX.128.66.0F.W1 7E VMOVD Ed,Vd i64
            VEX.128.66.0F3A.W1 16 VPEXTRD Ed,Vdq,Ib i64
            VEX.128.66.0F3A.W1 22 VPINSRD Vdq,Hdq,Ed,Ib i64
            """,
        "another opcode, as long, comes first in the table", """
            EVEX.128.66.0F.W1 D6 VMOVQ Wq,Vq
            EVEX.F2.0F.W1 11 VMOVSD Udq,Hdq,Vq kz
            EVEX.F3.0F.W0 11 VMOVSS Udq,Hdq,Vd kz
            0F 0D NOP Ev
            F3 0F 01/3.1 VMGEXIT
            """,
        "the F3 does nothing", """
            F3 REX.B 90 XCHG Zv,rAX
            """);

    private record Outcome(String line, boolean chosen, String wrong) {
    }

    private static List<Outcome> outcomes;

    @BeforeAll
    static void assembleAll() {
        outcomes = List.of(16, 32, 64).stream().flatMap(mode -> TableSamples.all(mode).entrySet().parallelStream())
            .flatMap(line -> line.getValue().stream().map(RoundTripTest::outcome)).collect(Collectors.toList());
    }

    private static Outcome outcome(TableSamples.Sample sample) {
        String text = text(sample.bytes(), sample.mode());
        String wrong = null;
        byte[] again = {};
        try {
            again = Assembler.assemble(text, sample.mode(), TableSamples.ADDRESS).bytes();
            String second = text(again, sample.mode());
            if (again.length > sample.bytes().length || !normal(second).equals(normal(text))) {
                wrong = HexFormat.of().formatHex(again) + " " + second;
            }
        } catch (AssemblyException e) {
            wrong = e.getMessage();
        }
        String context = sample.mode() + " bits, " + sample.line() + ": " + HexFormat.of().formatHex(sample.bytes()) + " " + text + " => ";
        return new Outcome(sample.line(), Arrays.equals(again, sample.bytes()), wrong == null ? null : context + wrong);
    }

    @Test
    void whatTheDisassemblerSaysAssemblesToTheSame() {
        List<String> wrong = outcomes.stream().map(Outcome::wrong).filter(w -> w != null).toList();
        assertEquals(List.of(), wrong, wrong.size() + " of " + outcomes.size());
        assertTrue(outcomes.size() > 50_000, "only " + outcomes.size() + " samples");
    }

    /** XCHG and TEST mean the same with their operands exchanged; a segment register takes the low half of a register of any size. */
    private static String normal(String text) {
        int space = text.indexOf(' ');
        int comma = text.indexOf(',');
        if (text.startsWith("xchg ") || text.startsWith("test ")) {
            String[] operands = {text.substring(space + 1, comma), text.substring(comma + 1)};
            Arrays.sort(operands);
            return text.substring(0, space) + " " + String.join(",", operands);
        }
        return text.replaceFirst("^mov ds,[er]?([a-z0-9]+x|r\\d+)[wd]?$", "mov ds,$1");
    }

    @Test
    void everyLineIsReachableOrKnownNotToBe() {
        Set<String> lines = new TreeSet<>(TableSamples.all(64).keySet());
        Set<String> reached = ConcurrentHashMap.newKeySet();
        outcomes.stream().filter(Outcome::chosen).map(Outcome::line).forEach(reached::add);
        lines.removeAll(reached);
        Set<String> shadowed = SHADOWED.values().stream().flatMap(String::lines).collect(Collectors.toCollection(TreeSet::new));
        assertEquals(shadowed, lines);
    }

    private static String text(byte[] bytes, int mode) {
        byte[] padded = Arrays.copyOf(bytes, 16);
        String text = new Disassembler().line(at -> padded[at] & 0xFF, mode, TableSamples.ADDRESS).text();
        int comment = text.indexOf(" #");
        return comment < 0 ? text : text.substring(0, comment);
    }
}
