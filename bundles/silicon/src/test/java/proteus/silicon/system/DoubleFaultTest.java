package proteus.silicon.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.ExitSignal;
import proteus.silicon.cpu.GuestFault;
import proteus.silicon.vmx.OpenIntercepts;
import proteus.x86.format.ExceptionVector;
import proteus.x86.format.GateDescriptor;
import proteus.x86.format.SegmentDescriptor;
import proteus.x86.format.Tss64;

/**
 * Every pair of SDM 3A, table 6-5: an exception whose delivery fails with another is handled serially, as a double fault, or shuts
 * the processor down. The second comes from the first one's gate, or from the stack that the gate names.
 */
class DoubleFaultTest {
    private static final int DE = 0, DB = 1, NMI = 2, BP = 3, BR = 5, UD = 6, NM = 7, DF = 8, TS = 10, NP = 11, SS = 12, GP = 13, PF = 14, MF = 16, AC = 17, XM = 19;
    private static final Set<Integer> CONTRIBUTORY = Set.of(DE, TS, NP, SS, GP);
    private static final List<Integer> FIRST = List.of(DE, DB, BP, BR, UD, NM, TS, NP, SS, GP, PF, MF, AC, XM);
    private static final List<Integer> SECOND = List.of(TS, NP, SS, GP, PF);
    private static final int SHUTDOWN = -1, UNMAPPED = 0x200_0000;
    private static final long FREE_IST = 0x6_0000;

    /** What is announced, in order. */
    private static final class Log extends OpenIntercepts {
        final List<Integer> vectors = new ArrayList<>();
        final List<Integer> errors = new ArrayList<>();

        Log(TestMachine machine) {
            super(machine.cpu, machine.exits);
        }

        @Override
        public void exception(Cpu c, int vector, int errorCode, long detail, int type, int instructionLength) {
            vectors.add(vector);
            errors.add(errorCode);
        }

        @Override
        public void tripleFault(Cpu c) {
            vectors.add(SHUTDOWN);
            super.tripleFault(c);
        }
    }

    /** Makes the delivery of one vector fail with another: through its gate, or through the stack its gate names. */
    private static void breakGate(TestMachine machine, int vector, int with) {
        long at = TestMachine.IDT + 16L * vector;
        int ist = 2;
        switch (with) {
            case GP -> machine.memory.write64(at, GateDescriptor.of(TestMachine.CODE64, 0x9000, SegmentDescriptor.CALL_GATE, 0, 0));
            case NP -> machine.memory.write64(at, machine.memory.read64(at) & ~(1L << 47));
            case TS -> machine.wideGate(vector, 0x9000, 0, 7);
            case SS -> {
                machine.wideGate(vector, 0x9000, 0, ist);
                machine.memory.write64(TestMachine.TASK + Tss64.ist(ist), 0x8000_0000_0000_0000L);
            }
            default -> {
                machine.wideGate(vector, 0x9000, 0, 3);
                machine.memory.write64(TestMachine.TASK + Tss64.ist(3), UNMAPPED);
            }
        }
    }

    private static TestMachine machine() {
        TestMachine machine = new TestMachine();
        machine.longMode(0);
        // IST 7 lies beyond the end of the TSS
        machine.cpu.limit[Cpu.TR] = Tss64.ist(7) - 1;
        for (int vector = 0; vector < 32; vector++) {
            machine.wideGate(vector, TestMachine.HANDLERS + 16 * vector, 0, 1);
        }
        machine.memory.write64(TestMachine.TASK + Tss64.ist(1), FREE_IST);
        return machine;
    }

    private static List<Integer> raise(TestMachine machine, Log log, int vector) {
        machine.cpu.intercepts = log;
        GuestFault fault = machine.cpu.fault(vector, 0);
        fault.detail = vector == PF ? 0x1234 : 0;
        try {
            machine.cpu.units.raise(machine.cpu, fault);
        } catch (ExitSignal exit) {
            assertEquals(SHUTDOWN, log.vectors.getLast());
        }
        return log.vectors;
    }

    private static boolean doubles(int first, int second) {
        return CONTRIBUTORY.contains(first) && CONTRIBUTORY.contains(second) || first == PF && (CONTRIBUTORY.contains(second) || second == PF);
    }

    @Test
    void everyPairOfExceptions() {
        for (int first : FIRST) {
            for (int second : SECOND) {
                try (TestMachine machine = machine()) {
                    breakGate(machine, first, second);
                    List<Integer> vectors = raise(machine, new Log(machine), first);
                    String pair = ExceptionVector.name(first) + " then " + ExceptionVector.name(second);
                    if (doubles(first, second)) {
                        assertEquals(List.of(first, DF), vectors, pair);
                        assertEquals(TestMachine.HANDLERS + 16 * DF, machine.cpu.rip(), pair);
                        assertEquals(0, machine.stack64(0), "the error code of a double fault is 0");
                    } else if (first == second) {
                        // its own gate is the broken one; cannot be, for such a pair doubles
                        throw new AssertionError(pair);
                    } else {
                        assertEquals(List.of(first, second), vectors, pair);
                        assertEquals(TestMachine.HANDLERS + 16 * second, machine.cpu.rip(), pair);
                        assertEquals(TestMachine.RIP, machine.stack64(1), "the second fault returns to where the first one happened");
                    }
                }
            }
        }
    }

    @Test
    void whatFailsDuringADoubleFaultShutsDown() {
        for (int third : SECOND) {
            try (TestMachine machine = machine()) {
                breakGate(machine, GP, NP);
                breakGate(machine, DF, third);
                assertEquals(List.of(GP, DF, SHUTDOWN), raise(machine, new Log(machine), GP));
                assertEquals(TestMachine.RIP, machine.cpu.rip(), "whoever looks at it sees where it happened");
                assertEquals(TestMachine.STACK, machine.cpu.gpr(4));
            }
        }
    }

    /** SDM 3B, 20.1.4: a vector beyond the table's limit is #GP, whose vector lies beyond it too. */
    @Test
    void aRealModeProgramWithoutVectorsShutsDown() {
        try (TestMachine machine = new TestMachine()) {
            machine.realMode();
            machine.cpu.idtrLimit = 0;
            assertEquals(List.of(UD, GP, DF, SHUTDOWN), raise(machine, new Log(machine), UD));
        }
    }

    /** The same pairs through 32-bit gates, as far as a gate alone can fail: not present, not a gate, to a segment that is no code. */
    @Test
    void protectedModeDoublesAlike() {
        for (int first : FIRST) {
            for (int second : List.of(NP, GP)) {
                try (TestMachine machine = new TestMachine()) {
                    long gate = GateDescriptor.of(TestMachine.CODE0, 0x9000, SegmentDescriptor.INTERRUPT_GATE, 0, 0);
                    machine.gate(first, second == NP ? gate & ~(1L << 47) : GateDescriptor.of(TestMachine.DATA0, 0x9000, SegmentDescriptor.TRAP_GATE, 0, 0));
                    List<Integer> expected = doubles(first, second) ? List.of(first, DF) : List.of(first, second);
                    assertEquals(expected, raise(machine, new Log(machine), first));
                }
            }
        }
    }

    /** Serial handling is not limited to two: a benign exception, then a contributory one, then one more that doubles it. */
    @Test
    void chainsCombineWithTheLastOneOnly() {
        try (TestMachine machine = machine()) {
            breakGate(machine, UD, NP);
            breakGate(machine, NP, PF);
            assertEquals(List.of(UD, NP, PF), raise(machine, new Log(machine), UD));
        }
        try (TestMachine machine = machine()) {
            breakGate(machine, GP, PF);
            breakGate(machine, PF, TS);
            assertEquals(List.of(GP, PF, DF), raise(machine, new Log(machine), GP));
            assertEquals(UNMAPPED - 8, machine.cpu.cr2, "CR2 is that of the page fault");
        }
    }

    /** Interrupts, NMIs and software interrupts are benign; error codes of faults during delivery say whether the event was external (EXT). */
    @Test
    void interruptsNeverDouble() {
        int valid = 1 << 31;
        int[] events = {valid | 0x20, valid | 2 << 8 | NMI, valid | 4 << 8 | 0x21, valid | 6 << 8 | BP};
        for (int event : events) {
            for (int second : List.of(NP, GP)) {
                try (TestMachine machine = machine()) {
                    int vector = event & 0xff;
                    breakGate(machine, vector, second);
                    Log log = new Log(machine);
                    machine.cpu.intercepts = log;
                    machine.cpu.units.inject(machine.cpu, event, 0, 2);
                    assertEquals(List.of(second), log.vectors);
                    boolean external = (event >> 8 & 7) == 0 || (event >> 8 & 7) == 2;
                    assertEquals(vector * 8 | 2 | (external ? 1 : 0), log.errors.getFirst());
                    assertTrue(machine.cpu.rip() == TestMachine.HANDLERS + 16L * second);
                }
            }
        }
    }
}
