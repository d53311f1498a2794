package proteus.silicon.translate;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.exec.Lowered;
import proteus.silicon.fpu.FpuFamilies;
import proteus.silicon.system.Families;
import proteus.x86.asm.Assembler;

/** Flags count as dead only where nothing between them and their end can see them. */
class FlagLivenessTest {
    private static final HandlerTable HANDLERS = new HandlerTable();

    static {
        Lowered.integers(HANDLERS);
        Families.register(HANDLERS);
        FpuFamilies.register(HANDLERS);
    }

    /** One character an instruction: D where its flags are dead. */
    private static String dead(String... code) {
        List<Op> ops = new ArrayList<>();
        for (String line : code) {
            ops.add(Lowered.lower(HANDLERS, Assembler.assemble(line, 64, 0).bytes(), 64));
        }
        long dead = FlagLiveness.dead(ops.toArray(Op[]::new));
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < code.length; i++) {
            text.append((dead >>> i & 1) != 0 ? 'D' : '-');
        }
        return text.toString();
    }

    @Test
    void theLastFlagsOfABlockAreSeen() {
        assertEquals("DD-", dead("add eax, ebx", "xor ecx, ecx", "cmp eax, 3"));
    }

    @Test
    void movesBetweenRegistersLetThemPass() {
        assertEquals("DDD-", dead("ror eax, 7", "mov ecx, eax", "movzx edx, cl", "sub eax, 1"));
    }

    @Test
    void anythingThatMayLeaveTheCodeSeesThem() {
        assertEquals("--", dead("add eax, ebx", "add ecx, [rdx]"));
        assertEquals("-D-", dead("add eax, ebx", "mov [rdx], ecx", "add eax, ebx"));
        assertEquals("-D-", dead("add eax, ebx", "div ecx", "add eax, ebx"));
    }

    @Test
    void whatReadsThemSeesThem() {
        assertEquals("---", dead("add eax, ebx", "adc ecx, 0", "setc al"));
    }

    @Test
    void whatLeavesSomeAsTheyWereHidesNone() {
        assertEquals("---", dead("add eax, ebx", "inc ecx", "setc al"));
        assertEquals("DD-", dead("add eax, ebx", "inc ecx", "cmp ecx, eax"));
        assertEquals("--", dead("add eax, ebx", "shl ecx, cl"));
    }
}
