package proteus.silicon.exec;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import proteus.api.silicon.DebugHit;
import proteus.api.silicon.DebugPoints;
import proteus.x86.asm.Assembler;
import proteus.x86.asm.Assembly;

/** A debugger's points stop exactly where they say, and the guest does not notice. */
class DebugPointsTest {
    private static final long ORIGIN = 0x2000;
    private static final int RAX = 0, RSP = 4;
    private static final String LOOP = """
            mov ecx, 5
            xor eax, eax
        again:
            add eax, ecx
        middle:
            inc eax
            mov [0x6000], eax
        stored:
            push rax
            pop rdx
            loop again
        done:
            hlt
        """;

    private final TestCpu t = new TestCpu(64, 4 << 20);
    private final Assembly code = Assembler.assemble(LOOP, 64, ORIGIN);

    DebugPointsTest() {
        t.write(ORIGIN, code.bytes());
        t.cpu.gpr(RSP, 0x8000);
    }

    @AfterEach
    void close() {
        t.close();
    }

    private void points(Set<Long> instructions, DebugPoints.Watch... data) {
        if (t.cpu.debug.points(new DebugPoints(instructions, List.of(data)))) {
            t.cpu.mmu.flushAll();
        }
        t.interpreter.debugPointsChanged();
    }

    /** Runs to the end; RIP at each stop. */
    private List<Long> stops(long from) {
        List<Long> all = new ArrayList<>();
        long rip = from;
        while (t.run(rip, 1000) == Interpreter.DEBUG && all.size() < 100) {
            rip = t.cpu.rip();
            all.add(rip);
        }
        return all;
    }

    private List<Long> stops() {
        return stops(ORIGIN);
    }

    private long at(String label) {
        return code.symbol(label);
    }

    @Test
    void anInstructionIsStoppedAtOncePerVisitAndHasNotHappened() {
        points(Set.of(at("middle")));
        assertEquals(Interpreter.DEBUG, t.run(ORIGIN, 1000));
        assertEquals(at("middle"), t.cpu.rip());
        assertEquals(5, t.cpu.gpr(RAX));
        assertEquals(3, t.cpu.retired);
        assertEquals(List.of(at("middle"), at("middle"), at("middle"), at("middle")), stops(at("middle")));
        assertEquals(20, t.cpu.gpr(RAX));
    }

    @Test
    void aPointIsMetInCodeThatRanWithoutIt() {
        assertEquals(List.of(), stops());
        points(Set.of(at("done"), at("stored")));
        assertEquals(6, stops().size());
        points(Set.of());
        assertEquals(List.of(), stops());
    }

    @Test
    void twoPointsInARowStopTwice() {
        points(Set.of(at("again"), at("middle")));
        assertEquals(10, stops().size());
    }

    @Test
    void aWriteStopsBehindItsInstruction() {
        points(Set.of(), new DebugPoints.Watch(0x6002, 1, false, true));
        List<Long> all = stops();
        assertEquals(5, all.size());
        assertEquals(Set.of(at("stored")), Set.copyOf(all));
        assertEquals(new DebugHit(DebugHit.Kind.WRITE, 0x6002), t.cpu.debug.hit().orElseThrow());
        assertEquals(20, t.read32(0x6000));
    }

    @Test
    void dataNearbyDoNotStop() {
        points(Set.of(), new DebugPoints.Watch(0x6004, 8, true, true), new DebugPoints.Watch(0x6000, 4, true, false));
        assertEquals(List.of(), stops());
    }

    @Test
    void pushAndPopOfAWatchedSlotStopEach() {
        points(Set.of(), new DebugPoints.Watch(0x7ff8, 8, true, true));
        List<Long> all = stops();
        assertEquals(10, all.size());
        assertEquals(at("stored") + 1, all.get(0));
        assertEquals(at("stored") + 2, all.get(1));
    }

    @Test
    void theCountOfInstructionsIsThatOfARunWithoutPoints() {
        stops();
        long plain = t.cpu.retired;
        points(Set.of(at("middle"), at("stored")), new DebugPoints.Watch(0x6000, 4, true, true));
        stops();
        assertEquals(2 * plain, t.cpu.retired);
    }
}
