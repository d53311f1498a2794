package proteus.silicon.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Flags;
import proteus.x86.format.Cr4;
import proteus.x86.format.GateDescriptor;
import proteus.x86.format.SegmentDescriptor;

/** Flags and interrupts of virtual-8086 mode with VME absent and present, at IOPL 3 and below (SDM 3B, 20.2, 20.3 and table 20-2). */
class V8086Test {
    private static final int GP = 13, VECTOR = 0x21;
    private static final long STACK = 0x1_2000 + 0x1000;

    private final TestMachine machine = new TestMachine();
    private final Cpu cpu = machine.cpu;

    @BeforeEach
    void gates() {
        machine.gate(VECTOR, GateDescriptor.of(TestMachine.CODE0, TestMachine.HANDLERS + 16 * VECTOR, SegmentDescriptor.INTERRUPT_GATE, 3, 0));
        machine.memory.write32(4 * VECTOR, 0x2000_0300);
        machine.memory.write8(0x2_0300, 0xf4);
    }

    @AfterEach
    void close() {
        machine.close();
    }

    private void program(boolean vme, int iopl, int flags, String source) {
        cpu.cr4 = vme ? Cr4.VME : 0;
        cpu.rflags(2);
        machine.v8086(iopl);
        cpu.rflags(cpu.rflags() | flags);
        machine.load(source);
    }

    /** Runs the one instruction; HLT behind it is privileged, so #GP there is its end. */
    private boolean passes() {
        assertEquals(GP, machine.run());
        return machine.stack32(1) != 0x100;
    }

    /** The flags that the fault at the end pushed. */
    private long flags() {
        return machine.stack32(3);
    }

    @Test
    void atIopl3TheProgramOwnsTheInterruptFlag() {
        for (boolean vme : new boolean[] {false, true}) {
            program(vme, 3, 0, "sti\nhlt");
            assertTrue(passes());
            assertEquals(Flags.IF, flags() & (Flags.IF | Flags.VIF));
            program(vme, 3, Flags.IF, "cli\nhlt");
            assertTrue(passes());
            assertEquals(0, flags() & Flags.IF);
        }
    }

    @Test
    void belowIopl3EveryFlagInstructionFaultsWithoutVme() {
        for (String text : new String[] {"cli", "sti", "pushf", "popf", "iret", "int 0x21", "o32 pushf", "o32 popf"}) {
            program(false, 0, Flags.IF, text + "\nhlt");
            assertFalse(passes(), text);
            assertEquals(0, machine.stack32(0), text);
        }
    }

    @Test
    void withVmeTheVirtualFlagTakesItsPlace() {
        program(true, 0, 0, "sti\nhlt");
        assertTrue(passes());
        assertEquals(Flags.VIF, flags() & (Flags.IF | Flags.VIF));
        program(true, 0, Flags.IF | Flags.VIF, "cli\nhlt");
        assertTrue(passes());
        assertEquals(Flags.IF, flags() & (Flags.IF | Flags.VIF));
    }

    /** #GP(0) so that the monitor can deliver what waits: STI, and POPF and IRET that set IF, under VIP. */
    @Test
    void aPendingVirtualInterruptFaultsWhereItCouldBeTaken() {
        program(true, 0, Flags.VIP, "sti\nhlt");
        assertFalse(passes());
        program(true, 0, Flags.VIP, "push 0x200\npopf\nhlt");
        passes();
        assertEquals(0x103, machine.stack32(1));
        program(true, 0, Flags.VIP, "push 0\npopf\nhlt");
        assertTrue(passes());
        assertEquals(0, flags() & Flags.VIF);
    }

    @Test
    void pushfShowsVifAsIfAndIopl3() {
        program(true, 0, Flags.VIF, "pushf\nhlt");
        assertTrue(passes());
        assertEquals(Flags.IF | Flags.IOPL, machine.memory.read16(STACK - 2) & (Flags.IF | Flags.IOPL));
        program(true, 0, Flags.IF, "pushf\nhlt");
        assertTrue(passes());
        assertEquals(Flags.IOPL, machine.memory.read16(STACK - 2) & (Flags.IF | Flags.IOPL));
        program(true, 0, 0, "o32 pushf\nhlt");
        assertFalse(passes(), "32-bit forms are not virtualized");
    }

    @Test
    void popfAndIretCannotSetTfNorChangeIopl() {
        program(true, 0, 0, "push 0x100\npopf\nhlt");
        passes();
        assertEquals(0x103, machine.stack32(1));
        program(true, 0, 0, "push 0x3201\npopf\nhlt");
        assertTrue(passes());
        assertEquals(Flags.VIF | Flags.CF, flags() & (Flags.IF | Flags.VIF | Flags.IOPL | Flags.CF));
        program(true, 0, 0, "push 0x3201\npush cs\npush done\niret\ndone: hlt");
        passes();
        assertEquals(Flags.VIF | Flags.CF, flags() & (Flags.IF | Flags.VIF | Flags.IOPL | Flags.CF));
        program(true, 0, 0, "push 0x100\npush cs\npush 0\niret\nhlt");
        passes();
        assertEquals(0x100 + 6, machine.stack32(1), "IRET with TF in its image faults");
    }

    private void redirection(boolean toMonitor) {
        machine.memory.write8(TestMachine.TASK + 0x88 - 32 + VECTOR / 8, toMonitor ? 1 << (VECTOR & 7) : 0);
    }

    /** SDM 3B, table 20-2: the six ways of INT n by VME, IOPL and the redirection bit; a seventh for VME with IOPL below 3 and the bit set. */
    @Test
    void softwareInterruptsGoTheirSixWays() {
        for (boolean bit : new boolean[] {false, true}) {
            redirection(bit);
            program(false, 3, 0, "int 0x21\nhlt");
            assertEquals(VECTOR, machine.run(), "method 1: through the gate, whatever the bit");
            program(false, 0, 0, "int 0x21\nhlt");
            assertEquals(GP, machine.run(), "method 2: to the monitor");
        }
        redirection(true);
        program(true, 0, 0, "int 0x21\nhlt");
        assertEquals(GP, machine.run(), "method 3");
        program(true, 3, 0, "int 0x21\nhlt");
        assertEquals(VECTOR, machine.run(), "method 4");
        assertFalse(cpu.v8086());
        redirection(false);
        program(true, 3, Flags.IF, "int 0x21\nhlt");
        intoProgram("method 5");
        assertEquals(0, flags() & Flags.IF, "IF and TF are cleared");
        program(true, 0, Flags.IF | Flags.VIF, "int 0x21\nhlt");
        intoProgram("method 6");
        assertEquals(Flags.IF, flags() & (Flags.IF | Flags.VIF), "VIF is cleared in place of IF");
        assertEquals(Flags.IF | Flags.IOPL, machine.memory.read16(STACK - 2) & (Flags.IF | Flags.IOPL));
    }

    /** The program's own handler was reached: its HLT faults at 2000:0300. */
    private void intoProgram(String method) {
        assertEquals(GP, machine.run(), method);
        assertEquals(0x300, machine.stack32(1), method);
        assertEquals(0x2000, machine.stack32(2), method);
        assertEquals(0x102, machine.memory.read16(STACK - 6), method);
    }

    /** INT3 and INTO are not redirected, and do not look at IOPL (SDM 3B, 20.2.3 and 20.3.3). */
    @Test
    void breakpointsGoThroughTheirGateAtAnyIopl() {
        machine.gate(3, GateDescriptor.of(TestMachine.CODE0, TestMachine.HANDLERS + 16 * 3, SegmentDescriptor.INTERRUPT_GATE, 3, 0));
        for (boolean vme : new boolean[] {false, true}) {
            program(vme, 0, 0, "int3\nhlt");
            assertEquals(3, machine.run());
        }
        assertEquals(0, cpu.cpl);
    }

    /** A gate of an 8086 program leads to ring 0 and nowhere else. */
    @Test
    void handlersOfAnotherRingAreRefused() {
        machine.gate(VECTOR, GateDescriptor.of(TestMachine.CODE1, 0x9000, SegmentDescriptor.INTERRUPT_GATE, 3, 0));
        program(false, 3, 0, "int 0x21\nhlt");
        assertEquals(GP, machine.run());
        assertEquals(TestMachine.CODE1 & ~3, machine.stack32(0));
    }

    /** Protected-mode virtual interrupts: CLI and STI in ring 3 with IOPL below 3 change VIF (SDM 3B, 20.4). */
    @Test
    void protectedModeHasVirtualInterruptsToo() {
        machine.ring(3);
        machine.load("sti\nhlt");
        assertEquals(GP, machine.run());
        assertEquals(TestMachine.RIP, machine.stack32(1));
        cpu.cr4 |= Cr4.PVI;
        cpu.rflags(2);
        machine.ring(3);
        assertEquals(GP, machine.run());
        assertEquals(TestMachine.RIP + 1, machine.stack32(1));
        assertEquals(Flags.VIF, machine.stack32(3) & (Flags.VIF | Flags.IF));
    }

    /** Instructions that only real descriptors make sense of are undefined. */
    @Test
    void descriptorInstructionsAreUndefined() {
        for (String text : new String[] {"lar ax, bx", "lsl ax, bx", "verr ax", "verw ax", "arpl ax, bx", "lldt ax", "ltr ax", "sldt ax", "str ax", "sysexit"}) {
            program(false, 3, 0, text + "\nhlt");
            int vector = machine.run();
            assertEquals(text.equals("sysexit") ? GP : 6, vector, text);
        }
    }

    @Test
    void aPendingVirtualInterruptFaultsBeforeTheNextInstruction() {
        program(true, 0, Flags.VIF | Flags.VIP, "nop\nhlt");
        assertFalse(passes());
        program(true, 0, Flags.VIP, "nop\nhlt");
        assertTrue(passes());
        program(false, 0, Flags.VIF | Flags.VIP, "nop\nhlt");
        assertTrue(passes(), "without VME the flags mean nothing");
        program(true, 3, Flags.VIF | Flags.VIP, "nop\nhlt");
        assertTrue(passes(), "nor do they at IOPL 3");
    }

    @Test
    void protectedModeHasPendingVirtualInterruptsInRing3Only() {
        for (int level : new int[] {3, 1}) {
            machine.ring(level);
            cpu.cr4 = Cr4.PVI;
            cpu.rflags(2 | Flags.VIF | Flags.VIP);
            machine.load("nop\nhlt");
            assertEquals(GP, machine.run());
            assertEquals(TestMachine.RIP + (level == 3 ? 0 : 1), machine.stack32(1));
        }
    }
}
