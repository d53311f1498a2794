package proteus.silicon.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static proteus.silicon.system.TestMachine.DATA0;
import static proteus.silicon.system.TestMachine.HANDLERS;
import static proteus.silicon.system.TestMachine.STACK;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Flags;
import proteus.x86.asm.Assembly;
import proteus.x86.format.Cr4;
import proteus.x86.format.DebugRegister;
import proteus.x86.format.GateDescriptor;
import proteus.x86.format.SegmentDescriptor;

/** Single step, breakpoints, RF, GD and ICEBP in running programs (SDM 3B, 17.2 and 17.3; SDM 3A, 6.8.3 and 6.9). */
@ParameterizedClass(name = "translated: {0}")
@ValueSource(booleans = {false, true})
class SingleStepTest {
    private static final int DB = 1, BP = 3, UD = 6, PROGRAM = -1;
    private static final int RAX = 0, RCX = 1, RDX = 2, RSI = 6, RDI = 7;

    private final TestMachine machine;
    private final Cpu cpu;
    private Assembly code;

    SingleStepTest(boolean translated) {
        machine = TestMachine.translating(translated);
        cpu = machine.cpu;
    }

    @AfterEach
    void close() {
        machine.close();
    }

    private void load(String source) {
        code = machine.load(source);
    }

    private void single() {
        cpu.rflags(cpu.rflags() | Flags.TF);
    }

    /** The next stop is a debug exception at this label, for these reasons. */
    private void traps(String label, long reasons) {
        assertEquals(DB, machine.run(), label);
        assertEquals(code.symbol(label), cpu.longMode() ? machine.stack64(0) : machine.stack32(0), label);
        assertEquals(reasons, cpu.dr[6] & 0xe00f, label);
        cpu.dr[6] = DebugRegister.DR6_RESET;
    }

    private void ends() {
        assertEquals(PROGRAM, machine.run());
    }

    private void breakpoint(int n, long address, int kind, int length) {
        cpu.dr[n] = address;
        cpu.dr[7] |= 2L << 2 * n | (long) kind << 16 + 4 * n | (long) length << 18 + 4 * n;
        cpu.mmu.selectAccess();
    }

    // ---- TF

    @Test
    void everyInstructionTrapsOnce() {
        load("nop\na: inc eax\nb: jmp c\nnop\nc: hlt");
        single();
        traps("a", DebugRegister.BS);
        traps("b", DebugRegister.BS);
        traps("c", DebugRegister.BS);
        assertEquals(0, machine.stack32(2) & Flags.RF, "a trap leaves RF clear in the image");
    }

    /** SDM 3B, 17.3.1.4: no trap after the instruction that sets TF; the one that clears it still traps. */
    @Test
    void popfThatSetsTfTrapsOneInstructionLater() {
        load("push 0x102\npopf\na: nop\nb: push 2\nc: popf\nd: nop\nhlt");
        traps("b", DebugRegister.BS);
        traps("c", DebugRegister.BS);
        traps("d", DebugRegister.BS);
        ends();
    }

    @Test
    void iretThatSetsTfTrapsAfterTheInstructionItReturnsTo() {
        load("push 0x102\npush 0x08\npush a\niret\na: nop\nb: hlt");
        traps("b", DebugRegister.BS);
    }

    /** INT clears TF before the handler, without a trap of its own: it comes behind the instruction after the return. */
    @Test
    void softwareInterruptsAreNotSteppedInto() {
        load("int3\na: nop\nb: hlt");
        single();
        assertEquals(BP, machine.run());
        assertFalse(cpu.flag(Flags.TF));
        assertEquals(Flags.TF, machine.stack32(2) & Flags.TF);
        traps("b", DebugRegister.BS);
    }

    @Test
    void intoWithoutOverflowIsStepped() {
        load("into\na: nop\nhlt");
        single();
        traps("a", DebugRegister.BS);
    }

    @Test
    void intoWithOverflowIsNotSteppedInto() {
        load("into\nnop\nhlt");
        single();
        cpu.rflags(cpu.rflags() | Flags.OF);
        assertEquals(4, machine.run());
        assertEquals(0, cpu.dr[6] & DebugRegister.BS);
    }

    @Test
    void anInstructionThatFaultsDoesNotTrap() {
        load("nop\na: ud2\nhlt");
        single();
        traps("a", DebugRegister.BS);
        assertEquals(UD, machine.run());
        assertEquals(0, cpu.dr[6] & DebugRegister.BS);
        assertEquals(Flags.TF | Flags.RF, machine.stack32(2) & (Flags.TF | Flags.RF));
    }

    @Test
    void aRepetitionTrapsAfterEachIteration() {
        cpu.gpr(RCX, 3);
        cpu.gpr(RSI, 0x9000);
        cpu.gpr(RDI, 0x9100);
        load("a: rep movsb\nb: hlt");
        single();
        traps("a", DebugRegister.BS);
        assertEquals(2, cpu.gpr(RCX));
        assertEquals(Flags.RF, machine.stack32(2) & Flags.RF, "the image has RF set between iterations (SDM 3B, 17.3.1.1)");
        traps("a", DebugRegister.BS);
        traps("b", DebugRegister.BS);
        assertEquals(0, cpu.gpr(RCX));
    }

    /** SDM 3A, 6.8.3: until the instruction after MOV SS or POP SS is done. */
    @Test
    void theTrapWaitsForTheInstructionAfterALoadOfSs() {
        cpu.gpr(RAX, DATA0);
        load("mov ss, ax\na: nop\nb: push ss\nc: pop ss\nd: nop\ne: hlt");
        single();
        traps("b", DebugRegister.BS);
        traps("c", DebugRegister.BS);
        traps("e", DebugRegister.BS);
    }

    @Test
    void stiDoesNotHoldTheTrap() {
        load("sti\na: nop\nhlt");
        single();
        traps("a", DebugRegister.BS);
        assertTrue((machine.stack32(2) & Flags.IF) != 0);
    }

    private void longModeCalls(long mask, int level) {
        machine.longMode(level);
        cpu.msrs.star = 0x50L << 48 | 0x48L << 32;
        machine.descriptor(0x50, SegmentDescriptor.of(0, 0xfffff, 0xc093));
        cpu.msrs.lstar = 0x7800;
        cpu.msrs.sfmask = mask;
    }

    /** SYSCALL goes by the TF it leaves, not by that it finds: XSA-204, and kvm-unit-tests syscall.c, since the manual is silent. */
    @Test
    void syscallThatMasksTfDoesNotTrap() {
        longModeCalls(Flags.TF, 3);
        load("syscall\nhlt\ntimes 0x7fd nop\na: nop\nhlt");
        single();
        ends();
        assertEquals(code.symbol("a") + 2, cpu.rip());
        assertEquals(0, cpu.dr[6] & DebugRegister.BS);
    }

    @Test
    void syscallThatLeavesTfTrapsInTheKernel() {
        longModeCalls(0, 3);
        load("syscall\nhlt\ntimes 0x7fd nop\na: nop\nhlt");
        single();
        traps("a", DebugRegister.BS);
    }

    @Test
    void sysretThatSetsTfTrapsAtOnce() {
        longModeCalls(0, 0);
        cpu.msrs.star = 0x60L << 48;
        machine.descriptor(0x68, SegmentDescriptor.of(0, 0xfffff, 0xc0f3));
        machine.descriptor(0x70, SegmentDescriptor.of(0, 0xfffff, 0xa0fb));
        cpu.gpr(RCX, TestMachine.RIP + 0x10);
        cpu.gpr(11, Flags.TF);
        load("o64 sysret\ntimes 13 nop\na: nop\nb: hlt");
        traps("a", DebugRegister.BS);
        traps("b", DebugRegister.BS);
    }

    /** SYSENTER clears IF, VM and RF, but not TF. */
    @Test
    void sysenterTrapsInTheKernel() {
        machine.ring(3);
        cpu.msrs.sysenterCs = TestMachine.CODE0;
        cpu.msrs.sysenterEip = 0x7010;
        cpu.msrs.sysenterEsp = STACK;
        load("sysenter\ntimes 14 nop\na: nop\nhlt");
        single();
        traps("a", DebugRegister.BS);
        assertEquals(0, machine.stack32(1) & 3);
    }

    @Test
    void theTaskTrapFlagTrapsInTheNewTask() {
        machine.descriptor(TestMachine.FREE, SegmentDescriptor.of(0x6000, 0x67, 0x89));
        machine.memory.write32(0x6000 + 32, 0x7800);
        machine.memory.write32(0x6000 + 36, 2);
        machine.memory.write32(0x6000 + 56, 0x6f00);
        machine.memory.write16(0x6000 + 76, TestMachine.CODE0);
        machine.memory.write16(0x6000 + 80, DATA0);
        machine.memory.write16(0x6000 + 100, 1);
        load("jmp 0x60:0\ntimes 0x7f9 nop\na: nop\nhlt");
        traps("a", DebugRegister.BT);
    }

    // ---- instruction breakpoints

    @Test
    void anInstructionBreakpointIsAFaultThatRfLetsPass() {
        load("nop\na: inc eax\nb: hlt");
        breakpoint(0, code.symbol("a"), DebugRegister.ON_EXECUTE, 0);
        traps("a", DebugRegister.B0);
        assertEquals(0, machine.stack32(2) & Flags.RF, "not in the image of an instruction breakpoint (SDM 3B, 17.3.1.1)");
        // the handler sets RF in the image before it returns
        machine.memory.write32(cpu.gpr(4) + 8, (int) machine.stack32(2) | Flags.RF);
        ends();
        assertFalse(cpu.flag(Flags.RF));
    }

    @Test
    void withoutRfTheBreakpointIsMetAgain() {
        load("a: nop\nhlt");
        breakpoint(3, code.symbol("a"), DebugRegister.ON_EXECUTE, 0);
        traps("a", DebugRegister.B3);
        traps("a", DebugRegister.B3);
    }

    /** A fault of the instruction with the breakpoint pushes RF, so that the return does not meet it again. */
    @Test
    void faultsSetRfInTheImage() {
        load("a: ud2\nhlt");
        breakpoint(0, code.symbol("a"), DebugRegister.ON_EXECUTE, 0);
        traps("a", DebugRegister.B0);
        machine.memory.write32(cpu.gpr(4) + 8, (int) machine.stack32(2) | Flags.RF);
        assertEquals(UD, machine.run());
        assertEquals(Flags.RF, machine.stack32(2) & Flags.RF);
    }

    /** SDM 3A, table 6-2: the trap of the instruction before, then the fault of the breakpoint. */
    @Test
    void aSingleStepTrapComesBeforeTheNextBreakpoint() {
        load("nop\na: nop\nhlt");
        breakpoint(1, code.symbol("a"), DebugRegister.ON_EXECUTE, 0);
        single();
        traps("a", DebugRegister.BS);
        traps("a", DebugRegister.B1);
    }

    @Test
    void aLoadOfSsHidesTheBreakpointOfTheNextInstruction() {
        cpu.gpr(RAX, DATA0);
        load("mov ss, ax\na: nop\nb: hlt");
        breakpoint(0, code.symbol("a"), DebugRegister.ON_EXECUTE, 0);
        ends();
    }

    @Test
    void breakpointsOnTheSecondByteOfAnInstructionAreNotMet() {
        load("a: mov eax, 5\nhlt");
        breakpoint(0, code.symbol("a") + 1, DebugRegister.ON_EXECUTE, 0);
        ends();
    }

    // ---- data and I/O breakpoints

    @Test
    void aDataBreakpointTrapsBehindItsInstruction() {
        load("mov eax, [0x9003]\na: mov [0x9003], eax\nb: mov [0x9008], eax\nc: hlt");
        breakpoint(0, 0x9004, DebugRegister.ON_WRITE, 3);
        breakpoint(1, 0x9008, DebugRegister.ON_ACCESS, 0);
        traps("b", DebugRegister.B0);
        traps("c", DebugRegister.B1);
    }

    /** Length 2 is aligned to 2 whatever the low bit of the address (SDM 3B, 17.2.5). */
    @Test
    void lengthsAreAligned() {
        load("mov byte [0x9002], 1\nmov byte [0x9005], 1\na: mov byte [0x9004], 1\nb: hlt");
        breakpoint(0, 0x9005, DebugRegister.ON_WRITE, 1);
        traps("a", DebugRegister.B0);
        traps("b", DebugRegister.B0);
    }

    @Test
    void aRepetitionStopsBehindTheIterationThatMeetsTheBreakpoint() {
        cpu.gpr(RCX, 4);
        cpu.gpr(RDI, 0x9000);
        load("a: rep stosb\nhlt");
        breakpoint(0, 0x9001, DebugRegister.ON_WRITE, 0);
        traps("a", DebugRegister.B0);
        assertEquals(2, cpu.gpr(RCX));
        ends();
    }

    @Test
    void theProcessorsOwnPushesAreWatchedToo() {
        load("push eax\na: hlt");
        breakpoint(2, STACK - 4, DebugRegister.ON_WRITE, 3);
        traps("a", DebugRegister.B2);
    }

    /** SDM 3A, 6.8.3: the breakpoint that MOV SS met itself is taken behind the next instruction. */
    @Test
    void aDataBreakpointOfALoadOfSsWaits() {
        machine.memory.write16(0x9000, DATA0);
        load("mov ss, [0x9000]\na: nop\nb: hlt");
        breakpoint(0, 0x9000, DebugRegister.ON_ACCESS, 1);
        traps("b", DebugRegister.B0);
    }

    /** What CVE-2018-8897 was about: if that next instruction is an INT, the trap comes in its handler. */
    @Test
    void aDataBreakpointOfALoadOfSsCrossesASoftwareInterrupt() {
        machine.gate(0x40, GateDescriptor.of(TestMachine.CODE0, HANDLERS + 16 * 0x40, SegmentDescriptor.INTERRUPT_GATE, 3, 0));
        machine.ring(3);
        machine.memory.write16(0x9000, TestMachine.DATA3);
        load("mov ss, [0x9000]\nint 0x40\nhlt");
        breakpoint(0, 0x9000, DebugRegister.ON_ACCESS, 1);
        assertEquals(DB, machine.run());
        assertEquals(HANDLERS + 16 * 0x40, machine.stack32(0));
        assertEquals(TestMachine.CODE0, machine.stack32(1));
    }

    @Test
    void anInstructionThatFaultsForgetsWhatItMet() {
        load("a: mov eax, [0x9000]\nb: hlt");
        breakpoint(0, 0x9000, DebugRegister.ON_ACCESS, 3);
        Segments.put(cpu, Cpu.DS, DATA0, SegmentDescriptor.of(0, 0x9001, 0x4093));
        cpu.updateMode();
        assertEquals(13, machine.run());
        assertEquals(0, cpu.dr[6] & 0xf);
        assertEquals(0, cpu.pendingDebug);
    }

    @Test
    void portsAreWatchedUnderDebugExtensions() {
        cpu.gpr(RDX, 0x3f8);
        load("in al, dx\na: out dx, ax\nb: hlt");
        breakpoint(0, 0x3f9, DebugRegister.ON_IO, 0);
        ends();
        cpu.rip(code.symbol("a") - 1);
        cpu.cr4 |= Cr4.DE;
        traps("b", DebugRegister.B0);
    }

    // ---- GD, ICEBP

    @Test
    void generalDetectFaultsAndIsClearedForTheHandler() {
        load("a: mov eax, dr0\nhlt");
        cpu.dr[7] |= DebugRegister.GD;
        traps("a", DebugRegister.BD);
        assertEquals(0, cpu.dr[7] & DebugRegister.GD);
        ends();
    }

    /** INT1 ignores the gate's privilege and changes neither DR6 nor DR7 (SDM vol. 2, INT1). */
    @Test
    void icebpPassesAGateOfRing0FromRing3() {
        machine.ring(3);
        load("int1\na: hlt");
        traps("a", 0);
    }

    /** Events before the #DB handler's first instruction: TF is cleared by every gate, so handlers are not stepped. */
    @Test
    void anInterruptBetweenSetsTfAside() {
        load("nop\na: hlt");
        single();
        cpu.units.inject(cpu, 1 << 31 | 0x50, 0, 0);
        assertEquals(0x50, machine.run());
        traps("a", DebugRegister.BS);
    }
}
