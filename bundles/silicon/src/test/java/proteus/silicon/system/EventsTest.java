package proteus.silicon.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static proteus.silicon.system.TestMachine.CODE0;
import static proteus.silicon.system.TestMachine.CODE3;
import static proteus.silicon.system.TestMachine.CODE64_USER;
import static proteus.silicon.system.TestMachine.DATA0;
import static proteus.silicon.system.TestMachine.DATA3;
import static proteus.silicon.system.TestMachine.HANDLERS;
import static proteus.silicon.system.TestMachine.IST1;
import static proteus.silicon.system.TestMachine.RIP;
import static proteus.silicon.system.TestMachine.STACK;
import static proteus.silicon.system.TestMachine.STACK0;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import proteus.api.silicon.ExitReason;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.GuestFault;
import proteus.silicon.system.TestMachine.Result;
import proteus.x86.decode.Mnemonic;
import proteus.x86.format.GateDescriptor;
import proteus.x86.format.SegmentDescriptor;
import proteus.x86.format.Tss32;

/** Exceptions, interrupts, software interrupts, debug traps (SDM 3A, chapter 6; SDM 3B, 17.3 and 20). */
class EventsTest {
    private static final int GP = 13, PF = 14, EXTERNAL = 1 << 31, NMI = 1 << 31 | 2 << 8 | 2;

    private final TestMachine machine = new TestMachine();
    private final Cpu cpu = machine.cpu;

    @AfterEach
    void close() {
        machine.close();
    }

    private static long handler(int vector) {
        return HANDLERS + 16L * vector;
    }

    // ---- protected mode

    @Test
    void faultInRing3GoesToRing0OnTheStackOfTheTss() {
        machine.ring(3);
        cpu.rflags(cpu.rflags() | Flags.IF);
        assertTrue(machine.raise(GP, 0x1234, 0));
        assertEquals(handler(GP), cpu.rip());
        assertEquals(0, cpu.cpl);
        assertEquals(CODE0, cpu.selector[Cpu.CS]);
        assertEquals(DATA0, cpu.selector[Cpu.SS]);
        assertEquals(STACK0 - 24, cpu.gpr(4));
        assertEquals(0x1234, machine.stack32(0));
        assertEquals(RIP, machine.stack32(1));
        assertEquals(CODE3, machine.stack32(2));
        assertEquals(Flags.IF | Flags.RF | 2, machine.stack32(3));
        assertEquals(STACK, machine.stack32(4));
        assertEquals(DATA3, machine.stack32(5));
        assertFalse(cpu.flag(Flags.IF));
        assertFalse(cpu.flag(Flags.RF));
    }

    @Test
    void trapGateLeavesTheInterruptFlag() {
        machine.gate(0x40, GateDescriptor.of(CODE0, 0x9000, SegmentDescriptor.TRAP_GATE, 3, 0));
        cpu.rflags(cpu.rflags() | Flags.IF | Flags.TF | Flags.NT);
        assertEquals(Result.FINE, machine.interrupt(0x40));
        assertTrue(cpu.flag(Flags.IF));
        assertFalse(cpu.flag(Flags.TF));
        assertFalse(cpu.flag(Flags.NT));
        assertEquals(RIP + 2, machine.stack32(0));
    }

    @Test
    void sixteenBitGatePushesWords() {
        machine.gate(0x40, GateDescriptor.of(CODE0, 0x9000, SegmentDescriptor.INTERRUPT_GATE16, 3, 0));
        machine.interrupt(0x40);
        assertEquals(STACK - 6, cpu.gpr(4));
        assertEquals(RIP + 2, machine.memory.read16(STACK - 6) & 0xffff);
        assertEquals(CODE0, machine.memory.read16(STACK - 4));
    }

    @Test
    void softwareInterruptFromRing3NeedsAGateOfRing3() {
        machine.ring(3);
        assertEquals(Result.fault(GP, 0x40 * 8 + 2), machine.interrupt(0x40));
        machine.gate(0x40, GateDescriptor.of(CODE0, 0x9000, SegmentDescriptor.INTERRUPT_GATE, 3, 0));
        assertEquals(Result.FINE, machine.interrupt(0x40));
        assertEquals(0x9000, cpu.rip());
    }

    @Test
    void externalInterruptIgnoresTheGatesPrivilegeAndPushesTheNextRip() {
        machine.ring(3);
        cpu.units.inject(cpu, EXTERNAL | 0x40, 0, 0);
        assertEquals(handler(0x40), cpu.rip());
        assertEquals(RIP, machine.stack32(0));
        assertEquals(2, machine.stack32(2));
    }

    @Test
    void absentGateIsNotPresentWithTheVectorAsErrorCode() {
        long absent = GateDescriptor.of(CODE0, 0x9000, SegmentDescriptor.INTERRUPT_GATE, 3, 0) & ~(1L << 47);
        machine.gate(0x40, absent);
        assertEquals(Result.fault(11, 0x40 * 8 + 2), machine.interrupt(0x40));
        cpu.units.inject(cpu, EXTERNAL | 0x40, 0, 0);
        assertEquals(handler(11), cpu.rip());
        assertEquals(0x40 * 8 + 3, machine.stack32(0));
    }

    @Test
    void contributoryFaultDuringAContributoryFaultIsADoubleFault() {
        machine.gate(GP, 0);
        assertTrue(machine.raise(GP, 0, 0));
        assertEquals(handler(8), cpu.rip());
        assertEquals(0, machine.stack32(0));
        assertEquals(RIP, machine.stack32(1));
    }

    @Test
    void faultDuringTheDoubleFaultLeavesForGood() {
        machine.gate(GP, 0);
        machine.gate(8, 0);
        assertFalse(machine.raise(GP, 0, 0));
        assertEquals(ExitReason.TRIPLE_FAULT, machine.exits.reason());
        assertEquals(RIP, cpu.rip());
    }

    @Test
    void benignExceptionDoesNotDouble() {
        machine.gate(6, 0);
        assertTrue(machine.raise(6, 0, 0));
        assertEquals(handler(GP), cpu.rip());
        assertEquals(6 * 8 + 3, machine.stack32(0));
    }

    @Test
    void pageFaultSetsCr2() {
        assertTrue(machine.raise(PF, 2, 0xdead_b000L));
        assertEquals(0xdead_b000L, cpu.cr2);
        assertEquals(2, machine.stack32(0));
    }

    @Test
    void badStackOfTheTssIsAnInvalidTss() {
        machine.ring(3);
        machine.memory.write32(TestMachine.TASK + Tss32.SS0, DATA3);
        assertFalse(machine.raise(0, 0, 0));
        // #TS on the way to #DE doubles, and the double fault has no stack either
        assertEquals(ExitReason.TRIPLE_FAULT, machine.exits.reason());
        assertEquals(3, cpu.cpl);
        assertEquals(STACK, cpu.gpr(4));
    }

    // ---- real and virtual-8086 mode

    @Test
    void realModePushesThreeWordsAndNoErrorCode() {
        machine.realMode();
        machine.memory.write32(GP * 4, 0x1234_5678);
        cpu.rflags(Flags.IF | 2);
        assertTrue(machine.raise(GP, 0x55, 0));
        assertEquals(0x1234, cpu.selector[Cpu.CS]);
        assertEquals(0x5678, cpu.rip());
        assertEquals(0xffa, cpu.gpr(4));
        assertEquals(0x100, machine.memory.read16(0x2000 + 0xffa));
        assertEquals(Flags.IF | 2, machine.memory.read16(0x2000 + 0xffe));
        assertFalse(cpu.flag(Flags.IF));
    }

    @Test
    void faultInV8086ModePushesItsSegmentsAndMakesThemNull() {
        machine.v8086(0);
        assertTrue(machine.raise(GP, 0, 0));
        assertFalse(cpu.v8086());
        assertEquals(0, cpu.cpl);
        assertEquals(STACK0 - 40, cpu.gpr(4));
        assertEquals(Flags.VM, machine.stack32(3) & Flags.VM);
        assertEquals(0x1000, machine.stack32(6));
        assertEquals(0x1500, machine.stack32(9));
        assertEquals(0, cpu.selector[Cpu.DS]);
    }

    @Test
    void softwareInterruptInV8086ModeNeedsIopl3() {
        machine.gate(0x40, GateDescriptor.of(CODE0, 0x9000, SegmentDescriptor.INTERRUPT_GATE, 3, 0));
        machine.v8086(0);
        assertEquals(Result.fault(GP, 0), machine.interrupt(0x40));
        machine.v8086(3);
        assertEquals(Result.FINE, machine.interrupt(0x40));
        assertEquals(0x9000, cpu.rip());
    }

    @Test
    void redirectedInterruptStaysInV8086Mode() {
        cpu.cr4 |= 1;
        machine.v8086(0);
        cpu.rflags(cpu.rflags() | Flags.VIF | Flags.TF);
        machine.memory.write32(0x21 * 4, 0x2000_0300);
        assertEquals(Result.FINE, machine.interrupt(0x21));
        assertTrue(cpu.v8086());
        assertEquals(0x2000, cpu.selector[Cpu.CS]);
        assertEquals(0x300, cpu.rip());
        assertFalse(cpu.flag(Flags.VIF));
        int image = machine.memory.read16(0x12000 + 0xffe) & 0xffff;
        assertEquals(Flags.IF | Flags.IOPL, image & (Flags.IF | Flags.IOPL));
        machine.memory.write8(TestMachine.TASK + 0x88 - 32 + 4, 2);
        assertEquals(Result.fault(GP, 0), machine.interrupt(0x21));
    }

    // ---- IA-32e mode

    @Test
    void longModePushesStackPointerAlwaysAndAlignsIt() {
        machine.longMode(0);
        cpu.gpr(4, STACK - 4);
        assertTrue(machine.raise(6, 0, 0));
        assertEquals(STACK - 16 - 40, cpu.gpr(4));
        assertEquals(RIP, machine.stack64(0));
        assertEquals(STACK - 4, machine.stack64(3));
        assertEquals(DATA0, machine.stack64(4));
        assertEquals(DATA0, cpu.selector[Cpu.SS]);
    }

    @Test
    void longModeFromRing3LoadsANullSs() {
        machine.longMode(3);
        assertTrue(machine.raise(GP, 8, 0));
        assertEquals(0, cpu.cpl);
        assertEquals(0, cpu.selector[Cpu.SS]);
        assertEquals(STACK0 - 48, cpu.gpr(4));
        assertEquals(8, machine.stack64(0));
        assertEquals(CODE64_USER, machine.stack64(2));
    }

    @Test
    void interruptStackTableIsUsedWithoutAPrivilegeChangeToo() {
        machine.longMode(0);
        machine.wideGate(2, 0x9000, 0, 1);
        cpu.units.inject(cpu, NMI, 0, 0);
        assertEquals(IST1 - 40, cpu.gpr(4));
        assertEquals(8, cpu.interruptibility);
    }

    @Test
    void compatibilityModeIsLeftFor64BitHandlers() {
        machine.longMode(3);
        Segments.put(cpu, Cpu.CS, CODE3, machine.descriptor(CODE3));
        cpu.updateMode();
        assertEquals(32, cpu.codeSize);
        assertTrue(machine.raise(6, 0, 0));
        assertEquals(64, cpu.codeSize);
        assertEquals(CODE3, machine.stack64(1));
    }

    @Test
    void uncanonicalStackInLongModeIsAStackFaultAndDoubles() {
        machine.longMode(0);
        cpu.gpr(4, 0x8000_0000_0000_0000L);
        machine.wideGate(8, 0x9000, 0, 1);
        assertTrue(machine.raise(GP, 0, 0));
        assertEquals(0x9000, cpu.rip());
        assertEquals(0x8000_0000_0000_0000L, machine.stack64(4));
    }

    // ---- debug exceptions

    @Test
    void singleStepTrapsAfterTheInstruction() {
        cpu.rflags(cpu.rflags() | Flags.TF);
        long before = cpu.units.beforeInstruction(cpu);
        machine.execute(Mnemonic.CLI);
        cpu.units.afterInstruction(cpu, machine.op(Mnemonic.CLI), before);
        assertEquals(handler(1), cpu.rip());
        assertEquals(RIP + 2, machine.stack32(0));
        assertEquals(1 << 14, cpu.dr[6] & 1 << 14);
        assertEquals(0, machine.stack32(2) & Flags.RF);
    }

    @Test
    void loadOfSsPostponesTheTrap() {
        cpu.rflags(cpu.rflags() | Flags.TF);
        long before = cpu.units.beforeInstruction(cpu);
        machine.load(Cpu.SS, DATA0);
        cpu.units.afterInstruction(cpu, machine.op(Mnemonic.MOV), before);
        assertEquals(RIP + 2, cpu.rip());
        before = cpu.units.beforeInstruction(cpu);
        machine.execute(Mnemonic.CLI);
        cpu.units.afterInstruction(cpu, machine.op(Mnemonic.CLI), before);
        assertEquals(handler(1), cpu.rip());
    }

    @Test
    void instructionBreakpointFaultsOnceUnlessRfIsSet() {
        cpu.dr[0] = RIP;
        cpu.dr[7] |= 1;
        assertTrue(cpu.stepwise());
        GuestFault fault = assertThrows(GuestFault.class, () -> cpu.units.beforeInstruction(cpu));
        assertEquals(1, fault.detail);
        cpu.flag(Flags.RF, true);
        long before = cpu.units.beforeInstruction(cpu);
        cpu.units.afterInstruction(cpu, machine.op(Mnemonic.CLI), before);
        assertFalse(cpu.flag(Flags.RF));
    }

    @Test
    void stiHoldsInterruptsOffForOneInstruction() {
        machine.execute(Mnemonic.STI);
        assertEquals(1, cpu.interruptibility);
        long before = cpu.units.beforeInstruction(cpu);
        cpu.units.afterInstruction(cpu, machine.op(Mnemonic.CLI), before);
        assertEquals(0, cpu.interruptibility);
        cpu.rflags(cpu.rflags() | Flags.IF);
        machine.execute(Mnemonic.STI);
        assertEquals(0, cpu.interruptibility);
    }

    @Test
    void dataBreakpointTrapsAfterTheStore() {
        cpu.dr[0] = 0x6000;
        cpu.dr[7] |= 0xd0001; // four bytes, writes
        cpu.mmu.selectAccess();
        cpu.mmu.read32(0x6000);
        cpu.mmu.write8(0x6004, (byte) 1);
        assertEquals(0, cpu.pendingDebug);
        long before = cpu.units.beforeInstruction(cpu);
        cpu.mmu.write8(0x6003, (byte) 1);
        cpu.units.afterInstruction(cpu, machine.op(Mnemonic.MOV), before);
        assertEquals(handler(1), cpu.rip());
        assertEquals(1, cpu.dr[6] & 0xf);
    }

    @Test
    void interruptedRepetitionPushesRf() {
        cpu.gpr(6, 0);
        cpu.gpr(1, 5000);
        machine.execute(Mnemonic.OUTS, op -> {
            op.rep = true;
            op.operandSize = 8;
        });
        assertTrue(cpu.unfinished);
        cpu.units.inject(cpu, EXTERNAL | 0x40, 0, 0);
        assertEquals(Flags.RF, machine.stack32(2) & Flags.RF);
        assertEquals(RIP, machine.stack32(0));
        assertFalse(cpu.unfinished);
    }
}
