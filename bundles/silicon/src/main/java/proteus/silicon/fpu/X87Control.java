package proteus.silicon.fpu;

import static proteus.silicon.cpu.CpuLayout.FCW;
import static proteus.silicon.cpu.CpuLayout.FDP;
import static proteus.silicon.cpu.CpuLayout.FCS;
import static proteus.silicon.cpu.CpuLayout.FDS;
import static proteus.silicon.cpu.CpuLayout.FIP;
import static proteus.silicon.cpu.CpuLayout.FOP;
import static proteus.silicon.cpu.CpuLayout.FSW;
import static proteus.silicon.cpu.CpuLayout.FTW;
import static proteus.silicon.cpu.CpuLayout.MXCSR;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;
import proteus.x86.format.Cr0;
import proteus.x86.format.ExceptionVector;

/** x87 control instructions, and MXCSR (SDM vol. 1, 8.3.9 and 10.2.3). */
final class X87Control {
    /** Bits of MXCSR that exist: DAZ is supported, bits 31:16 are not (SDM vol. 1, 11.6.6). */
    static final int MXCSR_MASK = 0xffff;
    /** Bit 6 of FCW always reads 1; bits 15:13 and 7 read 0. */
    private static final int FCW_BITS = 0x1f3f, FCW_FIXED = 0x40;

    private X87Control() {}

    static void register(HandlerTable t) {
        t.put(Mnemonic.FNINIT, (cpu, op) -> {
            Guard.x87NoWait(cpu);
            initialize(cpu);
        });
        t.put(Mnemonic.FNCLEX, X87Control::clearExceptions);
        t.put(Mnemonic.FLDCW, X87Control::loadControl);
        t.put(Mnemonic.FNSTCW, X87Control::storeControl);
        t.put(Mnemonic.FNSTSW, X87Control::storeStatus);
        t.put(Mnemonic.FWAIT, X87Control::waitForExceptions);
        t.put(Mnemonic.FNOP, (cpu, op) -> {
            Guard.x87(cpu);
            X87.point(cpu, op);
        });
        // 8087 and 80287 instructions that later processors ignore (SDM vol. 3B, 24.18.4)
        t.put(Mnemonic.FNENI, (cpu, op) -> Guard.x87NoWait(cpu));
        t.put(Mnemonic.FNDISI, (cpu, op) -> Guard.x87NoWait(cpu));
        t.put(Mnemonic.FNSETPM, (cpu, op) -> Guard.x87NoWait(cpu));
        t.put(Mnemonic.FRSTPM, (cpu, op) -> {
            throw cpu.undefined();
        });
        t.put(Mnemonic.EMMS, (cpu, op) -> {
            Guard.mmx(cpu);
            Guard.toMmx(cpu);
            Raw.putShort(cpu.s + FTW, (short) -1);
        });
        Simd.put(t, Mnemonic.LDMXCSR, X87Control::loadMxcsr);
        Simd.put(t, Mnemonic.STMXCSR, (cpu, op) -> {
            Guard.vector(cpu, op);
            cpu.writeMemory(op, 32, Raw.getInt(cpu.s + MXCSR) & 0xffffffffL);
        });
    }

    /** The state after FINIT: all exceptions masked, round to nearest, 64-bit precision, stack empty (SDM vol. 2, FINIT). */
    static void initialize(Cpu cpu) {
        long s = cpu.s;
        Raw.putShort(s + FCW, (short) 0x37f);
        Raw.putShort(s + FSW, (short) 0);
        Raw.putShort(s + FTW, (short) -1);
        Raw.putShort(s + FOP, (short) 0);
        Raw.putLong(s + FIP, 0);
        Raw.putLong(s + FDP, 0);
        Raw.putShort(s + FCS, (short) 0);
        Raw.putShort(s + FDS, (short) 0);
    }

    /** Loads FCW as the processor keeps it; a newly unmasked flag becomes a pending exception. */
    static void control(Cpu cpu, int value) {
        Raw.putShort(cpu.s + FCW, (short) (value & FCW_BITS | FCW_FIXED));
        Guard.summarize(cpu);
    }

    private static void clearExceptions(Cpu cpu, Op op) {
        Guard.x87NoWait(cpu);
        Raw.putShort(cpu.s + FSW, (short) (Raw.getShort(cpu.s + FSW) & 0x7f00));
    }

    private static void loadControl(Cpu cpu, Op op) {
        Guard.x87(cpu);
        control(cpu, (int) cpu.readMemory(op, 16));
    }

    private static void storeControl(Cpu cpu, Op op) {
        Guard.x87NoWait(cpu);
        cpu.writeMemory(op, 16, Raw.getShort(cpu.s + FCW) & 0xffff);
    }

    private static void storeStatus(Cpu cpu, Op op) {
        Guard.x87NoWait(cpu);
        int status = Raw.getShort(cpu.s + FSW) & 0xffff;
        if (op.k0 == Instruction.MEMORY) {
            cpu.writeMemory(op, 16, status);
        } else {
            cpu.register(0, 16, status);
        }
    }

    /** FWAIT obeys MP and TS together and does not look at EM (SDM 3A, 2.5, table 2-2). */
    private static void waitForExceptions(Cpu cpu, Op op) {
        if ((cpu.cr0 & (Cr0.MP | Cr0.TS)) == (Cr0.MP | Cr0.TS)) {
            throw cpu.fault(ExceptionVector.NM, 0);
        }
        Guard.pending(cpu);
    }

    private static void loadMxcsr(Cpu cpu, Op op) {
        Guard.vector(cpu, op);
        int value = (int) cpu.readMemory(op, 32);
        if ((value & ~MXCSR_MASK) != 0) {
            throw cpu.protection(0);
        }
        Raw.putInt(cpu.s + MXCSR, value);
    }
}
