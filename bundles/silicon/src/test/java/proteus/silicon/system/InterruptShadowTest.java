package proteus.silicon.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;
import proteus.api.silicon.ExitReason;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Flags;
import proteus.silicon.vmx.OpenIntercepts;
import proteus.x86.asm.Assembly;

/** Where interrupts and NMIs may come in: the shadows of STI, MOV SS and POP SS, and the blocking of NMIs (SDM 3A, 6.7.1, 6.8.1, 6.8.3). */
@ParameterizedClass(name = "translated: {0}")
@ValueSource(booleans = {false, true})
class InterruptShadowTest {
    private static final int RAX = 0, PROGRAM = -1, NMI = 1 << 31 | 2 << 8 | 2, EXTERNAL = 1 << 31 | 0x40, NMI_BLOCKED = 8;

    private final TestMachine machine;
    private final Cpu cpu;

    InterruptShadowTest(boolean translated) {
        machine = TestMachine.translating(translated);
        cpu = machine.cpu;
    }

    @AfterEach
    void close() {
        machine.close();
    }

    /** An interrupt line that is asserted all the time: delivers at the first boundary where the processor takes it. */
    private final class Line extends OpenIntercepts {
        private final boolean nmi;

        Line(boolean nmi) {
            super(cpu, machine.exits);
            this.nmi = nmi;
        }

        @Override
        public void boundary(Cpu c) {
            boolean open = (c.interruptibility & 3) == 0 && (nmi ? (c.interruptibility & NMI_BLOCKED) == 0 : c.flag(Flags.IF));
            if (open) {
                c.boundaryWork = false;
                machine.exits.begin(ExitReason.INTERRUPT_WINDOW);
                throw c.exitSignal;
            }
        }
    }

    /** Runs the first instruction, asserts the line, runs on: the label in front of which the event is taken, or "end". */
    private String taken(boolean nmi, String source) {
        cpu.rflags(2);
        cpu.interruptibility = 0;
        machine.ring(0);
        cpu.gpr(RAX, TestMachine.DATA0);
        machine.push32(TestMachine.DATA0);
        machine.memory.write32(0x9000, (int) TestMachine.STACK);
        machine.memory.write32(0x9004, TestMachine.DATA0);
        cpu.intercepts = new OpenIntercepts(cpu, machine.exits);
        Assembly code = machine.load(source + "\nend: hlt");
        machine.step();
        cpu.intercepts = new Line(nmi);
        cpu.boundaryWork = true;
        int outcome = machine.run();
        cpu.boundaryWork = false;
        if (outcome == PROGRAM) {
            return "end";
        }
        assertEquals(-3, outcome);
        return code.symbols().entrySet().stream().filter(e -> e.getValue() == cpu.rip()).map(Map.Entry::getKey).findFirst().orElseThrow();
    }

    @Test
    void interruptsWaitForTheInstructionAfterSti() {
        assertEquals("b", taken(false, "sti\na: nop\nb: nop\nc: nop"));
        assertEquals("end", taken(false, "sti\na: cli\nb: nop\nc: nop"));
    }

    /** STI that finds IF set has no shadow, and does not prolong one. */
    @Test
    void shadowsOfStiDoNotAddUp() {
        assertEquals("b", taken(false, "sti\na: sti\nb: sti\nc: nop"));
    }

    /** LSS loads the pointer with the segment, and holds nothing. */
    @Test
    void loadsOfSsHoldNmis() {
        assertEquals("b", taken(true, "mov ss, ax\na: nop\nb: nop"));
        assertEquals("b", taken(true, "pop ss\na: nop\nb: nop"));
        assertEquals("a", taken(true, "lss esp, [0x9000]\na: nop\nb: nop"));
    }

    @Test
    void aLoadOfSsInTheShadowOfStiBeginsItsOwn() {
        assertEquals("c", taken(false, "sti\na: mov ss, ax\nb: nop\nc: nop"));
    }

    /** The shadow ends with the next instruction also if that one jumps, or faults: the handler is open. */
    @Test
    void theShadowDoesNotReachIntoAHandler() {
        assertEquals("b", taken(true, "mov ss, ax\njmp b\na: nop\nb: nop"));
        cpu.interruptibility = 2;
        assertTrue(machine.raise(6, 0, 0));
        assertEquals(0, cpu.interruptibility);
    }

    /** SDM 3A, 6.8.3 promises the shadow of the first of two loads of SS only; nothing is ever held for good. */
    @Test
    void consecutiveLoadsOfSsDoNotHoldInterruptsForEver() {
        String where = taken(true, "mov ss, ax\na: mov ss, ax\nb: nop\nc: nop\nd: nop");
        assertTrue(List.of("b", "c").contains(where), where);
    }

    // ---- NMI

    @Test
    void nmisAreBlockedUntilTheNextIret() {
        machine.load("nop\nhlt");
        cpu.units.inject(cpu, NMI, 0, 0);
        assertEquals(2, machine.run());
        assertEquals(NMI_BLOCKED, cpu.interruptibility);
        assertEquals(PROGRAM, machine.run());
        assertEquals(0, cpu.interruptibility);
    }

    /** An exception in the NMI handler returns with IRET, and that unblocks, though the NMI is not done (SDM 3A, 6.7.1). */
    @Test
    void theIretOfANestedExceptionUnblocks() {
        machine.load("nop\nhlt");
        cpu.units.inject(cpu, NMI, 0, 0);
        assertEquals(2, machine.run());
        assertTrue(machine.raise(6, 0, 0));
        assertEquals(NMI_BLOCKED, cpu.interruptibility);
        assertEquals(6, machine.run());
        machine.memory.write32(cpu.gpr(4), (int) TestMachine.RIP);
        assertEquals(PROGRAM, machine.run());
        assertEquals(0, cpu.interruptibility);
    }

    @Test
    void interruptsDoNotBlockNmis() {
        machine.load("hlt");
        cpu.units.inject(cpu, EXTERNAL, 0, 0);
        assertEquals(0x40, machine.run());
        assertEquals(0, cpu.interruptibility);
        assertEquals(0, cpu.rflags() & Flags.IF);
    }

    /** A far return is not an IRET. */
    @Test
    void onlyIretUnblocks() {
        machine.load("hlt");
        cpu.units.inject(cpu, NMI, 0, 0);
        assertEquals(2, machine.run());
        byte[] ret = proteus.x86.asm.Assembler.assemble("retf 4", 32, 0).bytes();
        machine.memory.write(cpu.rip(), ret, 0, ret.length);
        assertEquals(PROGRAM, machine.run());
        assertEquals(NMI_BLOCKED, cpu.interruptibility);
    }

    /** HLT ends with an event; delivery begins behind it. */
    @Test
    void anEventWakesFromHalt() {
        Assembly code = machine.load("hlt\na: nop\nhlt");
        assertEquals(PROGRAM, machine.run());
        assertEquals(1, cpu.activity);
        cpu.units.inject(cpu, EXTERNAL, 0, 0);
        assertEquals(0, cpu.activity);
        assertEquals(0x40, machine.run());
        assertEquals(code.symbol("a"), machine.stack32(0));
    }
}
