package proteus.silicon.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static proteus.silicon.system.TestMachine.CODE0;
import static proteus.silicon.system.TestMachine.CODE1;
import static proteus.silicon.system.TestMachine.CODE3;
import static proteus.silicon.system.TestMachine.CODE64;
import static proteus.silicon.system.TestMachine.CODE64_USER;
import static proteus.silicon.system.TestMachine.DATA0;
import static proteus.silicon.system.TestMachine.DATA1;
import static proteus.silicon.system.TestMachine.DATA3;
import static proteus.silicon.system.TestMachine.FREE;
import static proteus.silicon.system.TestMachine.RIP;
import static proteus.silicon.system.TestMachine.STACK;
import static proteus.silicon.system.TestMachine.STACK0;
import static proteus.silicon.system.TestMachine.TASK;
import static proteus.silicon.system.TestMachine.TSS;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import proteus.api.silicon.ExitReason;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Flags;
import proteus.silicon.system.TestMachine.Result;
import proteus.silicon.vmx.DeprivilegedIntercepts;
import proteus.x86.decode.Mnemonic;
import proteus.x86.format.Cr0;
import proteus.x86.format.Efer;
import proteus.x86.format.GateDescriptor;
import proteus.x86.format.SegmentDescriptor;
import proteus.x86.format.Tss32;

/** Far jumps, calls and returns, IRET, fast system calls, task switches (SDM 3A, 5.8 and chapter 7). */
class FarTransfersTest {
    private static final int GP = 13;

    private final TestMachine machine = new TestMachine();
    private final Cpu cpu = machine.cpu;

    @AfterEach
    void close() {
        machine.close();
    }

    // ---- JMP and CALL

    @Test
    void directJumpStaysInItsRing() {
        assertEquals(Result.FINE, machine.far(Mnemonic.JMP_FAR, CODE0, 0x4000));
        assertEquals(0x4000, cpu.rip());
        assertEquals(Result.fault(GP, CODE3 & ~3), machine.far(Mnemonic.JMP_FAR, CODE3, 0x4000));
        assertEquals(Result.fault(GP, 0), machine.far(Mnemonic.JMP_FAR, 2, 0x4000));
        assertEquals(Result.fault(GP, DATA0), machine.far(Mnemonic.JMP_FAR, DATA0, 0x4000));
    }

    @Test
    void conformingCodeRunsAtTheCallersLevel() {
        machine.descriptor(FREE, SegmentDescriptor.of(0, 0xfffff, 0xc09f));
        machine.ring(3);
        assertEquals(Result.FINE, machine.far(Mnemonic.JMP_FAR, FREE, 0x4000));
        assertEquals(3, cpu.cpl);
        assertEquals(FREE | 3, cpu.selector[Cpu.CS]);
    }

    @Test
    void jumpBeyondTheLimitIsProtectionZero() {
        machine.descriptor(FREE, SegmentDescriptor.of(0, 0xfff, 0x409b));
        assertEquals(Result.fault(GP, 0), machine.far(Mnemonic.JMP_FAR, FREE, 0x1000));
        assertEquals(CODE0, cpu.selector[Cpu.CS]);
    }

    @Test
    void callGateSwitchesStacksAndCopiesParameters() {
        machine.descriptor(FREE, GateDescriptor.of(CODE0, 0x4000, SegmentDescriptor.CALL_GATE, 3, 2));
        machine.ring(3);
        machine.push32(0x1111, 0x2222);
        assertEquals(Result.FINE, machine.far(Mnemonic.CALL_FAR, FREE | 3, 0));
        assertEquals(0, cpu.cpl);
        assertEquals(STACK0 - 24, cpu.gpr(4));
        assertEquals(RIP + 2, machine.stack32(0));
        assertEquals(CODE3, machine.stack32(1));
        assertEquals(0x2222, machine.stack32(2));
        assertEquals(0x1111, machine.stack32(3));
        assertEquals(STACK - 8, machine.stack32(4));
        assertEquals(DATA3, machine.stack32(5));
        // and back, both stacks released
        cpu.selector[Cpu.DS] = DATA0;
        assertEquals(Result.FINE, machine.execute(Mnemonic.RET_FAR, op -> {
            op.operandCount = 1;
            op.immediate = 8;
        }));
        assertEquals(3, cpu.cpl);
        assertEquals(STACK, cpu.gpr(4));
        assertEquals(RIP + 2, cpu.rip());
    }

    @Test
    void gateMustBeReachable() {
        machine.descriptor(FREE, GateDescriptor.of(CODE0, 0x4000, SegmentDescriptor.CALL_GATE, 0, 0));
        machine.ring(3);
        assertEquals(Result.fault(GP, FREE), machine.far(Mnemonic.CALL_FAR, FREE | 3, 0));
        machine.descriptor(FREE, GateDescriptor.of(CODE0, 0x4000, SegmentDescriptor.CALL_GATE, 3, 0));
        assertEquals(Result.fault(GP, CODE0), machine.far(Mnemonic.JMP_FAR, FREE | 3, 0));
    }

    @Test
    void callThatFaultsOnItsStackChangesNothing() {
        cpu.limit[Cpu.SS] = STACK - 8;
        cpu.updateSegment(Cpu.SS);
        assertEquals(Result.fault(12, 0), machine.far(Mnemonic.CALL_FAR, CODE0, 0x4000));
        assertEquals(STACK, cpu.gpr(4));
        assertEquals(RIP, cpu.rip());
    }

    @Test
    void callGateOfLongModePushesQuadWordsWithoutParameters() {
        machine.longMode(3);
        machine.descriptor(FREE, GateDescriptor.of(CODE64, 0x4000, SegmentDescriptor.CALL_GATE, 3, 0));
        machine.descriptor(FREE + 8, 0);
        assertEquals(Result.FINE, machine.far(Mnemonic.CALL_FAR, FREE | 3, 0));
        assertEquals(0, cpu.cpl);
        assertEquals(0, cpu.selector[Cpu.SS]);
        assertEquals(STACK0 - 32, cpu.gpr(4));
        assertEquals(CODE64_USER, machine.stack64(1));
    }

    @Test
    void codeWithLAndDTogetherIsRefusedInLongMode() {
        machine.longMode(0);
        machine.descriptor(FREE, SegmentDescriptor.of(0, 0xfffff, 0xe09b));
        assertEquals(Result.fault(GP, FREE), machine.far(Mnemonic.JMP_FAR, FREE, 0x4000));
        assertEquals(Result.FINE, machine.far(Mnemonic.JMP_FAR, CODE0, 0x4000));
        assertEquals(32, cpu.codeSize);
    }

    // ---- returns

    @Test
    void returnToAnOuterRingDropsItsDataSegments() {
        machine.push32(DATA3, 0x6000, Flags.IF | 2, CODE3, 0x4000);
        machine.load(Cpu.ES, DATA3);
        machine.load(Cpu.FS, DATA0);
        assertEquals(Result.FINE, machine.execute(Mnemonic.IRET));
        assertEquals(3, cpu.cpl);
        assertEquals(0x4000, cpu.rip());
        assertEquals(0x6000, cpu.gpr(4));
        assertEquals(0, cpu.selector[Cpu.FS]);
        assertEquals(0, cpu.selector[Cpu.DS]);
        assertEquals(DATA3, cpu.selector[Cpu.ES]);
        assertTrue(cpu.flag(Flags.IF));
    }

    @Test
    void returnNeverGoesInward() {
        machine.ring(3);
        machine.push32(2, CODE0, 0x4000);
        assertEquals(Result.fault(GP, CODE0), machine.execute(Mnemonic.IRET));
        assertEquals(Result.fault(GP, CODE0), machine.execute(Mnemonic.RET_FAR));
    }

    @Test
    void iretInRing3KeepsIoplAndInterruptFlag() {
        machine.ring(3);
        cpu.rflags(Flags.IF | 2);
        machine.push32(Flags.IOPL | Flags.CF | 2, CODE3, 0x4000);
        assertEquals(Result.FINE, machine.execute(Mnemonic.IRET));
        assertEquals(Flags.IF | Flags.CF | 2, cpu.rflags());
    }

    @Test
    void iretIn64BitModePopsTheStackPointerAlways() {
        machine.longMode(0);
        machine.push64(0, 0x6000, Flags.RF | 2, CODE64, 0x4000);
        assertEquals(Result.FINE, machine.execute(Mnemonic.IRET, op -> op.operandSize = 64));
        assertEquals(0x6000, cpu.gpr(4));
        assertEquals(0, cpu.selector[Cpu.SS]);
        assertTrue(cpu.flag(Flags.RF));
    }

    @Test
    void iretToUserNeedsAStackSegment() {
        machine.longMode(0);
        machine.push64(0, 0x6000, 2, CODE64_USER, 0x4000);
        assertEquals(Result.fault(GP, 0), machine.execute(Mnemonic.IRET, op -> op.operandSize = 64));
    }

    @Test
    void iretToCompatibilityModeHasAnEip() {
        machine.longMode(0);
        machine.push64(DATA3, 0x6000, 2, CODE3, 0x8000_0000_4000L);
        assertEquals(Result.FINE, machine.execute(Mnemonic.IRET, op -> op.operandSize = 64));
        assertEquals(0x4000, cpu.rip());
        assertEquals(32, cpu.codeSize);
    }

    @Test
    void iretChecksTheStackSegmentBeforeTheTarget() {
        machine.longMode(0);
        machine.descriptor(FREE, SegmentDescriptor.of(0, 0xfff, 0x40fb));
        machine.push64(DATA0, 0x6000, 2, FREE | 3, 0x4000);
        assertEquals(Result.fault(GP, DATA0), machine.execute(Mnemonic.IRET, op -> op.operandSize = 64));
        machine.push64(DATA3, 0x6000, 2, FREE | 3, 0x4000);
        assertEquals(Result.fault(GP, 0), machine.execute(Mnemonic.IRET, op -> op.operandSize = 64));
        machine.push64(DATA0, 0x6000, 2, CODE64_USER, 0x8000_0000_0000L);
        assertEquals(Result.fault(GP, DATA0), machine.execute(Mnemonic.IRET, op -> op.operandSize = 64));
    }

    @Test
    void iretEntersV8086Mode() {
        machine.push32(0x7777, 0x6666, 0x5555, 0x4444, 0x3333, 0x2000, Flags.VM | Flags.IF | 2, 0x1111, 0x123);
        assertEquals(Result.FINE, machine.execute(Mnemonic.IRET));
        assertTrue(cpu.v8086());
        assertEquals(3, cpu.cpl);
        assertEquals(0x1111, cpu.selector[Cpu.CS]);
        assertEquals(0x3333, cpu.selector[Cpu.SS]);
        assertEquals(0x44440, cpu.base[Cpu.ES]);
        assertEquals(0x7777, cpu.selector[Cpu.GS]);
        assertEquals(0x2000, cpu.gpr(4));
        assertEquals(16, cpu.codeSize);
    }

    @Test
    void iretUnblocksNmisEvenWhenItFaults() {
        cpu.interruptibility = 8;
        machine.push32(2, 0, 0x4000);
        assertEquals(Result.fault(GP, 0), machine.execute(Mnemonic.IRET));
        assertEquals(0, cpu.interruptibility);
    }

    // ---- fast system calls

    @Test
    void syscallAndSysretRoundTrip() {
        machine.longMode(3);
        cpu.msrs.star = 0x4b_0048L << 32; // user base 0x48 + 3: code 0x58, stack 0x50; kernel 0x48
        cpu.msrs.lstar = 0x4000;
        cpu.msrs.sfmask = Flags.IF;
        cpu.rflags(Flags.IF | Flags.CF | 2);
        assertEquals(Result.FINE, machine.execute(Mnemonic.SYSCALL));
        assertEquals(0, cpu.cpl);
        assertEquals(0x4000, cpu.rip());
        assertEquals(RIP + 2, cpu.gpr(1));
        assertEquals(Flags.IF | Flags.CF | 2, cpu.gpr(11));
        assertFalse(cpu.flag(Flags.IF));
        assertEquals(0x48, cpu.selector[Cpu.CS]);
        assertEquals(Result.FINE, machine.execute(Mnemonic.SYSRET, op -> op.operandSize = 64));
        assertEquals(3, cpu.cpl);
        assertEquals(CODE64_USER, cpu.selector[Cpu.CS]);
        assertEquals(RIP + 2, cpu.rip());
        assertEquals(Flags.IF | Flags.CF | 2, cpu.rflags());
        assertEquals(64, cpu.codeSize);
    }

    @Test
    void systemCallsOfADeprivilegedGuestEnterItsHypervisor() {
        machine.longMode(3);
        cpu.intercepts = new DeprivilegedIntercepts(cpu, machine.exits);
        cpu.msrs.sysenterCs = TestMachine.CODE0;
        cpu.gpr(1, 5);
        for (Mnemonic call : new Mnemonic[] {Mnemonic.SYSCALL, Mnemonic.SYSENTER}) {
            assertEquals(Result.EXITED, machine.execute(call));
            assertEquals(ExitReason.SYSTEM_CALL, machine.exits.reason());
            assertEquals(2, machine.exits.instructionLength());
            assertEquals(TestMachine.RIP, cpu.rip());
            assertEquals(5, cpu.gpr(1));
            assertEquals(3, cpu.cpl);
        }
        cpu.efer &= ~Efer.SCE;
        assertEquals(Result.fault(6, 0), machine.execute(Mnemonic.SYSCALL));
    }

    @Test
    void syscallIsUndefinedOutside64BitModeOnIntel() {
        machine.ring(3);
        cpu.efer |= 1;
        assertEquals(Result.fault(6, 0), machine.execute(Mnemonic.SYSCALL));
    }

    @Test
    void sysretToAnUncanonicalAddressFaultsInRing0() {
        machine.longMode(0);
        cpu.gpr(1, 0x0000_8000_0000_0000L);
        assertEquals(Result.fault(GP, 0), machine.execute(Mnemonic.SYSRET, op -> op.operandSize = 64));
        assertEquals(0, cpu.cpl);
    }

    @Test
    void sysenterWithoutASegmentIsRefused() {
        machine.ring(3);
        assertEquals(Result.fault(GP, 0), machine.execute(Mnemonic.SYSENTER));
        cpu.msrs.sysenterCs = CODE0;
        cpu.msrs.sysenterEsp = 0x6000;
        cpu.msrs.sysenterEip = 0x4000;
        assertEquals(Result.FINE, machine.execute(Mnemonic.SYSENTER));
        assertEquals(0, cpu.cpl);
        assertEquals(0x6000, cpu.gpr(4));
        cpu.gpr(1, 0x6100);
        cpu.gpr(2, 0x4100);
        assertEquals(Result.FINE, machine.execute(Mnemonic.SYSEXIT));
        assertEquals(CODE3, cpu.selector[Cpu.CS]);
        assertEquals(0x6100, cpu.gpr(4));
    }

    // ---- tasks

    private static final long OTHER = 0x6000;

    private void otherTask(int rights) {
        machine.descriptor(FREE, SegmentDescriptor.of(OTHER, 0x67, rights));
        for (int offset : new int[] {Tss32.ES, Tss32.SS, Tss32.DS, Tss32.FS, Tss32.GS}) {
            machine.memory.write16(OTHER + offset, DATA1);
        }
        machine.memory.write16(OTHER + Tss32.CS, CODE1);
        machine.memory.write32(OTHER + Tss32.EIP, 0x4000);
        machine.memory.write32(OTHER + Tss32.EFLAGS, 2);
        machine.memory.write32(OTHER + Tss32.EAX, 0x1234);
        machine.memory.write32(OTHER + Tss32.ESP, 0x7000);
    }

    private int type(int selector) {
        return (int) (machine.descriptor(selector) >>> 40) & 0xf;
    }

    @Test
    void callOfATaskNestsAndIretReturns() {
        otherTask(0x89);
        cpu.gpr(0, 0x55);
        assertEquals(Result.FINE, machine.far(Mnemonic.CALL_FAR, FREE, 0));
        assertEquals(0x4000, cpu.rip());
        assertEquals(1, cpu.cpl);
        assertEquals(0x1234, cpu.gpr(0));
        assertTrue(cpu.flag(Flags.NT));
        assertEquals(FREE, cpu.selector[Cpu.TR]);
        assertEquals(TSS, machine.memory.read16(OTHER));
        assertEquals(11, type(FREE));
        assertEquals(11, type(TSS));
        assertTrue((cpu.cr0 & Cr0.TS) != 0);
        assertEquals(RIP + 2, machine.memory.read32(TASK + Tss32.EIP));
        assertEquals(Result.FINE, machine.execute(Mnemonic.IRET));
        assertEquals(RIP + 2, cpu.rip());
        assertEquals(0x55, cpu.gpr(0));
        assertEquals(0, cpu.cpl);
        assertEquals(9, type(FREE));
        assertFalse(cpu.flag(Flags.NT));
    }

    @Test
    void jumpToATaskFreesTheOldOne() {
        otherTask(0x89);
        assertEquals(Result.FINE, machine.far(Mnemonic.JMP_FAR, FREE, 0));
        assertEquals(9, type(TSS));
        assertEquals(11, type(FREE));
        assertFalse(cpu.flag(Flags.NT));
        assertEquals(Result.fault(GP, FREE), machine.far(Mnemonic.JMP_FAR, FREE, 0));
    }

    @Test
    void busyTaskIsRefused() {
        otherTask(0x8b);
        assertEquals(Result.fault(GP, FREE), machine.far(Mnemonic.CALL_FAR, FREE, 0));
    }

    @Test
    void shortTaskSegmentIsInvalidInTheOldTask() {
        otherTask(0x89);
        machine.descriptor(FREE, SegmentDescriptor.of(OTHER, 0x66, 0x89));
        assertEquals(Result.fault(10, FREE), machine.far(Mnemonic.CALL_FAR, FREE, 0));
        assertEquals(TSS, cpu.selector[Cpu.TR]);
    }

    @Test
    void badSegmentOfTheNewTaskFaultsInTheNewTask() {
        otherTask(0x89);
        machine.memory.write16(OTHER + Tss32.CS, CODE0);
        machine.memory.write16(OTHER + Tss32.SS, DATA0);
        machine.memory.write16(OTHER + Tss32.DS, 0x200);
        assertEquals(Result.fault(10, 0x200), machine.far(Mnemonic.JMP_FAR, FREE, 0));
        assertEquals(FREE, cpu.selector[Cpu.TR]);
        assertEquals(0x4000, cpu.rip());
    }

    @Test
    void taskGateDeliversAnExceptionWithItsErrorCode() {
        otherTask(0x89);
        machine.gate(8, GateDescriptor.of(FREE, 0, SegmentDescriptor.TASK_GATE, 0, 0));
        assertTrue(machine.raise(8, 0, 0));
        assertEquals(0x4000, cpu.rip());
        assertEquals(0x7000 - 4, cpu.gpr(4));
        assertTrue(cpu.flag(Flags.NT));
        assertEquals(RIP, machine.memory.read32(TASK + Tss32.EIP));
    }

    /** SDM 3B, 17.3.1.1: so that an instruction breakpoint is not met again when the old task goes on. */
    @Test
    void faultThroughATaskGateLeavesResumeFlagInTheOldTask() {
        for (int vector : new int[] {13, 3}) {
            otherTask(0x89);
            machine.gate(vector, GateDescriptor.of(FREE, 0, SegmentDescriptor.TASK_GATE, 0, 0));
            Segments.put(cpu, Cpu.TR, TestMachine.TSS, machine.memory.read64(TestMachine.GDT + TestMachine.TSS));
            machine.ring(0);
            cpu.rflags(2);
            assertTrue(machine.raise(vector, 0, 0));
            assertEquals(vector == 13 ? Flags.RF : 0, machine.memory.read32(TASK + Tss32.EFLAGS) & Flags.RF, "vector " + vector);
        }
    }
}
