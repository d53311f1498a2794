package proteus.silicon.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static proteus.silicon.system.TestMachine.CODE0;
import static proteus.silicon.system.TestMachine.CODE3;
import static proteus.silicon.system.TestMachine.DATA0;
import static proteus.silicon.system.TestMachine.DATA3;
import static proteus.silicon.system.TestMachine.FREE;
import static proteus.silicon.system.TestMachine.TSS;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.GuestFault;
import proteus.silicon.system.TestMachine.Result;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;
import proteus.x86.format.SegmentDescriptor;

/** Loads of segment registers, the checks of accesses, and the questions about descriptors (SDM 3A, chapter 5). */
class SegmentsTest {
    private final TestMachine machine = new TestMachine();
    private final Cpu cpu = machine.cpu;

    @AfterEach
    void close() {
        machine.close();
    }

    private void data(int limit, int rights) {
        machine.descriptor(FREE, SegmentDescriptor.of(0x5000, limit, rights));
    }

    @Test
    void loadSetsTheAccessedBitInTheTable() {
        data(0xff, 0x40f2);
        assertEquals(Result.FINE, machine.load(Cpu.FS, FREE));
        assertEquals(0xf3, machine.descriptor(FREE) >>> 40 & 0xff);
        assertEquals(0x5000, cpu.base[Cpu.FS]);
    }

    @Test
    void nullLoadsIntoDataSegmentsButFaultsInSs() {
        assertEquals(Result.FINE, machine.load(Cpu.FS, 3));
        assertEquals(3, cpu.selector[Cpu.FS]);
        assertEquals(Result.fault(13, 0), machine.load(Cpu.SS, 0));
        assertEquals(Result.fault(13, 0), new Attempt(() -> cpu.readAddress(Cpu.FS, 0, 1, -1)).result());
    }

    @Test
    void absentSegmentIsNotPresentAndForSsAStackFault() {
        data(0xff, 0x4073);
        machine.ring(3);
        assertEquals(Result.fault(11, FREE), machine.load(Cpu.DS, FREE));
        assertEquals(Result.fault(12, FREE), machine.load(Cpu.SS, FREE | 3));
    }

    @Test
    void selectorBeyondTheTableFaultsWithItself() {
        assertEquals(Result.fault(13, 0x200), machine.load(Cpu.DS, 0x203));
        assertEquals(Result.fault(13, 0x64), machine.load(Cpu.DS, 0x64));
    }

    @Test
    void ring3CannotLoadRing0Data() {
        machine.ring(3);
        assertEquals(Result.fault(13, DATA0), machine.load(Cpu.DS, DATA0));
        assertEquals(Result.fault(13, TSS), machine.load(Cpu.DS, TSS));
    }

    @Test
    void loadOfSsHoldsInterruptsOffForOneInstruction() {
        assertEquals(Result.FINE, machine.load(Cpu.SS, DATA0));
        assertEquals(2, cpu.interruptibility);
    }

    @Test
    void nullSsIsGoodFor64BitCodeBelowRing3() {
        machine.longMode(0);
        assertEquals(Result.FINE, machine.load(Cpu.SS, 0));
        machine.longMode(3);
        assertEquals(Result.fault(13, 0), machine.load(Cpu.SS, 3));
    }

    @Test
    void realModeLoadKeepsTheLimitOfProtectedMode() {
        machine.realMode();
        cpu.limit[Cpu.DS] = 0xffff_ffffL;
        assertEquals(Result.FINE, machine.load(Cpu.DS, 0x1234));
        assertEquals(0x12340, cpu.base[Cpu.DS]);
        assertEquals(0xffff_ffffL, cpu.limit[Cpu.DS]);
    }

    @Test
    void expandDownSegmentReachesFromAboveItsLimitToItsSize() {
        data(0xfff, 0x00f7);
        machine.load(Cpu.FS, FREE);
        assertEquals(Result.fault(13, 0), new Attempt(() -> cpu.readAddress(Cpu.FS, 0xfff, 1, 0xffff_ffffL)).result());
        assertEquals(0x6000, cpu.readAddress(Cpu.FS, 0x1000, 1, 0xffff_ffffL));
        assertEquals(Result.fault(13, 0), new Attempt(() -> cpu.readAddress(Cpu.FS, 0xffff, 2, 0xffff_ffffL)).result());
    }

    @Test
    void accessesBeyondTheLimitFaultBySegment() {
        data(0xf, 0x40f3);
        machine.load(Cpu.FS, FREE);
        assertEquals(0x500c, cpu.readAddress(Cpu.FS, 12, 4, 0xffff_ffffL));
        assertEquals(Result.fault(13, 0), new Attempt(() -> cpu.readAddress(Cpu.FS, 13, 4, 0xffff_ffffL)).result());
        cpu.limit[Cpu.SS] = 0xf;
        cpu.updateSegment(Cpu.SS);
        assertEquals(Result.fault(12, 0), new Attempt(() -> cpu.writeAddress(Cpu.SS, 13, 4, 0xffff_ffffL)).result());
    }

    @Test
    void codeAndReadOnlySegmentsCannotBeWritten() {
        assertEquals(Result.fault(13, 0), new Attempt(() -> cpu.writeAddress(Cpu.CS, 0, 1, -1)).result());
        data(0xff, 0x40f1);
        machine.load(Cpu.FS, FREE);
        assertEquals(Result.fault(13, 0), new Attempt(() -> cpu.writeAddress(Cpu.FS, 0, 1, -1)).result());
        data(0xff, 0x40f9);
        assertEquals(Result.fault(13, FREE), machine.load(Cpu.FS, FREE));
    }

    private final class Attempt {
        private final Runnable access;

        Attempt(Runnable access) {
            this.access = access;
        }

        Result result() {
            GuestFault fault = assertThrows(GuestFault.class, access::run);
            return Result.fault(fault.vector, fault.errorCode);
        }
    }

    // ---- questions

    private long ask(Mnemonic mnemonic, int selector) {
        cpu.gpr(2, -1);
        cpu.gpr(1, selector);
        assertEquals(Result.FINE, machine.execute(mnemonic, op -> {
            if (mnemonic == Mnemonic.VERR || mnemonic == Mnemonic.VERW) {
                TestMachine.gpr(op, 1);
            } else {
                TestMachine.gpr(op, 2);
                op.k1 = Instruction.GPR;
                op.r1 = CpuLayout.gpr(1);
            }
        }));
        return (cpu.arithmeticFlags() & Flags.ZF) == 0 ? -1 : cpu.gpr(2);
    }

    @Test
    void larAndLslAnswerOnlyWhatThePrivilegeMaySee() {
        assertEquals(0xcf9b00, ask(Mnemonic.LAR, CODE0), "the limit in bits 19:16, as processors leave it");
        assertEquals(0xffff_ffffL, ask(Mnemonic.LSL, CODE0));
        assertEquals(0x1ff, ask(Mnemonic.LSL, TSS));
        assertEquals(-1, ask(Mnemonic.LAR, 0));
        machine.ring(3);
        assertEquals(-1, ask(Mnemonic.LAR, CODE0));
        assertEquals(0xcffb00, ask(Mnemonic.LAR, CODE3));
    }

    @Test
    void verwSeesThatCodeIsNotWritable() {
        ask(Mnemonic.VERR, CODE0);
        assertEquals(Flags.ZF, cpu.arithmeticFlags() & Flags.ZF);
        ask(Mnemonic.VERW, CODE0);
        assertEquals(0, cpu.arithmeticFlags() & Flags.ZF);
    }

    @Test
    void arplRaisesTheRequestedPrivilege() {
        cpu.gpr(0, DATA0);
        cpu.gpr(1, CODE3);
        machine.execute(Mnemonic.ARPL, op -> {
            TestMachine.gpr(op, 0);
            op.r1 = CpuLayout.gpr(1);
        });
        assertEquals(DATA0 | 3, cpu.gpr(0));
        assertTrue((cpu.arithmeticFlags() & Flags.ZF) != 0);
    }

    // ---- table registers

    private Result loadTaskRegister(int selector) {
        cpu.gpr(0, selector);
        return machine.execute(Mnemonic.LTR, op -> TestMachine.gpr(op, 0));
    }

    @Test
    void ltrWantsAnAvailableTaskAndMakesItBusy() {
        assertEquals(Result.fault(13, TSS), loadTaskRegister(TSS));
        assertEquals(Result.fault(13, 0), loadTaskRegister(0));
        machine.descriptor(FREE, SegmentDescriptor.of(0x6000, 0x67, 0x89));
        assertEquals(Result.FINE, loadTaskRegister(FREE));
        assertEquals(0x8b, machine.descriptor(FREE) >>> 40 & 0xff);
        assertEquals(0x6000, cpu.base[Cpu.TR]);
        machine.ring(3);
        assertEquals(Result.fault(13, 0), loadTaskRegister(FREE));
    }

    @Test
    void ltrInLongModeTakesSixteenBytes() {
        machine.longMode(0);
        machine.descriptor(FREE, SegmentDescriptor.of(0x6000, 0x67, 0x89));
        machine.descriptor(FREE + 8, SegmentDescriptor.highOf(0xffff_8000_0000_0000L));
        assertEquals(Result.FINE, loadTaskRegister(FREE));
        assertEquals(0xffff_8000_0000_6000L, cpu.base[Cpu.TR]);
        machine.descriptor(FREE, SegmentDescriptor.of(0x6000, 0x67, 0x89));
        machine.descriptor(FREE + 8, 0x0000_0100_0000_0000L);
        assertEquals(Result.fault(13, FREE), loadTaskRegister(FREE));
    }

    @Test
    void lldtRefusesLocalSelectorsAndOtherTypes() {
        cpu.gpr(0, 4);
        assertEquals(Result.fault(13, 4), machine.execute(Mnemonic.LLDT, op -> TestMachine.gpr(op, 0)));
        cpu.gpr(0, DATA0);
        assertEquals(Result.fault(13, DATA0), machine.execute(Mnemonic.LLDT, op -> TestMachine.gpr(op, 0)));
        machine.descriptor(FREE, SegmentDescriptor.of(0x6000, 0xf, 0x82));
        cpu.gpr(0, FREE);
        assertEquals(Result.FINE, machine.execute(Mnemonic.LLDT, op -> TestMachine.gpr(op, 0)));
        machine.memory.write64(0x6008, SegmentDescriptor.of(0x7000, 0xff, 0x4093));
        assertEquals(Result.FINE, machine.load(Cpu.FS, 0xc));
        assertEquals(0x7000, cpu.base[Cpu.FS]);
    }

    @Test
    void sixteenBitLgdtTakes24BitsOfTheBase() {
        machine.memory.write16(0x6000, 0x123);
        machine.memory.write32(0x6002, 0x8765_4321);
        machine.execute(Mnemonic.LGDT, op -> {
            TestMachine.memoryOperand(op, 0x6000);
            op.operandSize = 16;
        });
        assertEquals(0x123, cpu.gdtrLimit);
        assertEquals(0x65_4321, cpu.gdtrBase);
    }

    @Test
    void umipKeepsTheTablesFromRing3() {
        cpu.cr4 |= 1 << 11;
        machine.ring(3);
        assertEquals(Result.fault(13, 0), machine.execute(Mnemonic.SIDT, op -> TestMachine.memoryOperand(op, 0x6000)));
        assertEquals(Result.fault(13, 0), machine.execute(Mnemonic.STR, op -> TestMachine.gpr(op, 0)));
    }

    @Test
    void swapgsExchangesTheBasesInRing0() {
        machine.longMode(0);
        cpu.base[Cpu.GS] = 1;
        cpu.msrs.kernelGsBase = 0xffff_8000_0000_0000L;
        assertEquals(Result.FINE, machine.execute(Mnemonic.SWAPGS));
        assertEquals(0xffff_8000_0000_0000L, cpu.base[Cpu.GS]);
        assertEquals(1, cpu.msrs.kernelGsBase);
        machine.longMode(3);
        assertEquals(Result.fault(13, 0), machine.execute(Mnemonic.SWAPGS));
    }

    @Test
    void popOfASegmentThatFaultsLeavesTheStackPointer() {
        machine.push32(0x200);
        long sp = cpu.gpr(4);
        assertEquals(Result.fault(13, 0x200), machine.execute(Mnemonic.POP, op -> {
            op.k0 = Instruction.SEGMENT;
            op.r0 = Cpu.FS;
        }));
        assertEquals(sp, cpu.gpr(4));
    }

    @Test
    void lssLoadsPointerAndSegmentTogether() {
        machine.memory.write32(0x6000, 0x1234);
        machine.memory.write16(0x6004, DATA0);
        assertEquals(Result.FINE, machine.execute(Mnemonic.LSS, op -> {
            op.k0 = Instruction.GPR;
            op.r0 = CpuLayout.gpr(4);
            op.k1 = Instruction.MEMORY;
            op.displacement = 0x6000;
        }));
        assertEquals(0x1234, cpu.gpr(4));
        machine.memory.write16(0x6004, DATA3);
        assertEquals(Result.fault(13, DATA3 & ~3), machine.execute(Mnemonic.LSS, op -> {
            op.k0 = Instruction.GPR;
            op.r0 = CpuLayout.gpr(4);
            op.k1 = Instruction.MEMORY;
            op.displacement = 0x6000;
        }));
        assertEquals(0x1234, cpu.gpr(4));
    }
}
