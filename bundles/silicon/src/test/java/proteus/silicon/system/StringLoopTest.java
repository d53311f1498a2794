package proteus.silicon.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import proteus.api.silicon.TranslationCounts;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Flags;

/** String instructions leave the same translated, where most run without leaving the code, as interpreted. */
class StringLoopTest {
    private static final long DATA = 0x40_0000;
    private static final int BYTES = 0x4000;
    private static final String[] INSTRUCTIONS = {"rep movsb", "rep movsw", "rep movsd", "rep stosb", "rep stosw", "rep stosd", "repne movsd", "lodsb", "lodsw", "lodsd",
        "stosb", "stosw", "stosd", "movsb", "movsw", "movsd", "scasb", "scasw", "scasd", "lodsd\nstosb\nscasb\nlodsb\nstosd", "cmpxchg8b [esi]",
        "mov eax, [edi]\nmov edx, [edi + 4]\ncmpxchg8b [edi]"};
    private static final String[] WIDE = {"rep movsq", "rep stosq", "a32 rep movsd", "a32 rep stosb", "lodsq", "stosq", "movsq", "scasq"};
    /** Source, destination and count: in a page, to its end, over it, overlapping either way, none, many. */
    private static final long[][] OPERANDS = {{0x100, 0x1200, 20}, {0xff0, 0x1ff0, 2}, {0xff0, 0x1ff8, 2}, {0xff1, 0x2000, 4}, {0x10, 0x11, 100}, {0x10, 0x18, 100},
        {0x11, 0x10, 100}, {0, 0x2000, 512}, {0, 0x1000, 1024}, {0, 0x1000, 1025}, {0x800, 0x3000, 0}, {0x1003, 0x2005, 4}, {0x123, 0x123, 60}};

    private static TestMachine machine(boolean translated, boolean wide) {
        TestMachine machine = TestMachine.translating(translated);
        if (wide) {
            machine.longMode(0);
        }
        return machine;
    }

    private static void load(TestMachine machine, String instruction, long[] operands, long flags) {
        machine.cpu.rip(TestMachine.RIP);
        machine.load("mov ebp, 3\nagain: mov esi, 0x%x\nmov edi, 0x%x\nmov ecx, %d\nstc\n%s\nadc ebx, ecx\ndec ebp\njnz again\nhlt".formatted(
            DATA + operands[0], DATA + operands[1], operands[2], instruction));
        for (int at = 0; at < BYTES; at += 4) {
            machine.memory.write32(DATA + at, 0x9e3779b9 * (at + 1));
        }
        for (int register = 0; register < 16; register++) {
            machine.cpu.gpr(register, 0x1122_3344_5566_7788L + register & machine.cpu.linearMask());
        }
        machine.cpu.rflags(flags | 2);
    }

    private static String outcome(TestMachine machine) {
        assertEquals(-1, machine.run());
        byte[] memory = new byte[BYTES];
        machine.memory.read(DATA, memory, 0, BYTES);
        return "%s retired %d, RFLAGS %x, memory %x".formatted(IntStream.range(0, 16).mapToObj(r -> Long.toHexString(machine.cpu.gpr(r))).toList(),
            machine.cpu.retired, machine.cpu.rflags(), Arrays.hashCode(memory));
    }

    private static void same(boolean wide, String[] instructions, long flags) {
        try (TestMachine interpreted = machine(false, wide); TestMachine translated = machine(true, wide)) {
            for (String instruction : instructions) {
                for (long[] operands : OPERANDS) {
                    load(interpreted, instruction, operands, flags);
                    load(translated, instruction, operands, flags);
                    assertEquals(outcome(interpreted), outcome(translated), instruction + " " + Arrays.toString(operands));
                }
            }
        }
    }

    @Test
    void forwards() {
        same(false, INSTRUCTIONS, 0);
        same(true, INSTRUCTIONS, 0);
        same(true, WIDE, Flags.CF | Flags.OF);
    }

    @Test
    void backwards() {
        same(false, new String[] {"rep movsd", "rep stosb", "lodsw", "scasd"}, Flags.DF);
        same(true, new String[] {"rep movsq", "rep stosb"}, Flags.DF);
    }

    @Test
    void withinAPageTheyRunWithoutLeavingTheCode() {
        for (String instruction : new String[] {"rep movsd", "rep stosb"}) {
            try (TestMachine machine = machine(true, false)) {
                load(machine, instruction, OPERANDS[0], 0);
                assertEquals(-1, machine.run());
                TranslationCounts before = machine.translation();
                machine.cpu.rip(TestMachine.RIP);
                assertEquals(-1, machine.run());
                TranslationCounts exits = machine.translation().since(before);
                assertTrue(exits.instructions() > 20, exits.toString());
                assertTrue(exits.memory() + exits.untranslated() + exits.branches() < 3, exits.toString());
            }
        }
    }
}
