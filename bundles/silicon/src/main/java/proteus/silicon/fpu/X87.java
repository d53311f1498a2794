package proteus.silicon.fpu;

import static proteus.silicon.cpu.CpuLayout.FCS;
import static proteus.silicon.cpu.CpuLayout.FCW;
import static proteus.silicon.cpu.CpuLayout.FDP;
import static proteus.silicon.cpu.CpuLayout.FDS;
import static proteus.silicon.cpu.CpuLayout.FIP;
import static proteus.silicon.cpu.CpuLayout.FOP;
import static proteus.silicon.cpu.CpuLayout.FSW;
import static proteus.silicon.cpu.CpuLayout.FTW;
import static proteus.silicon.cpu.CpuLayout.X87;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.FloatUnit;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.Instruction;

/**
 * The register stack and what every x87 instruction does around its operation: checks, pointers, exceptions (SDM vol. 1, 8.1,
 * 8.4 to 8.7). An unmasked exception leaves ES set and is delivered by the next waiting instruction.
 */
final class X87 {
    static final int C0 = 1 << 8, C1 = 1 << 9, C2 = 1 << 10, C3 = 1 << 14, CONDITIONS = C0 | C1 | C2 | C3;
    /** FSW.SF: the invalid operation was one of the stack. */
    private static final int STACK_FAULT = 1 << 6;

    private X87() {}

    // ---- the stack

    static int top(Cpu cpu) {
        return Raw.getShort(cpu.s + FSW) >> 11 & 7;
    }

    /** Address of ST(i). */
    static long st(Cpu cpu, int i) {
        return cpu.s + X87 + 16 * (top(cpu) + i & 7);
    }

    static boolean empty(Cpu cpu, int i) {
        return (Raw.getShort(cpu.s + FTW) >> 2 * (top(cpu) + i & 7) & 3) == 3;
    }

    static long significand(long register) {
        return Raw.getLong(register);
    }

    static int tag(long register) {
        return Raw.getShort(register + 8) & 0xffff;
    }

    static void write(Cpu cpu, int i, int tag, long significand) {
        long register = st(cpu, i);
        Raw.putLong(register, significand);
        Raw.putShort(register + 8, (short) tag);
        int shift = 2 * (top(cpu) + i & 7);
        Raw.putShort(cpu.s + FTW, (short) (Raw.getShort(cpu.s + FTW) & ~(3 << shift)));
    }

    static void moveTop(Cpu cpu, int by) {
        int status = Raw.getShort(cpu.s + FSW);
        Raw.putShort(cpu.s + FSW, (short) (status & ~0x3800 | (status + (by << 11) & 0x3800)));
    }

    static void free(Cpu cpu, int i) {
        Raw.putShort(cpu.s + FTW, (short) (Raw.getShort(cpu.s + FTW) | 3 << 2 * (top(cpu) + i & 7)));
    }

    static void pop(Cpu cpu) {
        free(cpu, 0);
        moveTop(cpu, 1);
    }

    // ---- around an operation

    /** Begins an instruction whose memory operand, if any, has been read: control bits into the unit, instruction pointer noted. */
    static FloatUnit begin(Cpu cpu, Op op) {
        FloatUnit u = cpu.floats;
        int control = Raw.getShort(cpu.s + FCW);
        u.flags = 0;
        u.up = false;
        u.flush = false;
        u.unmasked = ~control & 0x3f;
        u.rounding = control >> 10 & 3;
        point(cpu, op);
        return u;
    }

    /** Remembers what an instruction that computes before it stores changes on the way: see {@link #store}. */
    static void keep(Cpu cpu) {
        FloatUnit u = cpu.floats;
        u.keptState = Raw.getLong(cpu.s + FCW);
        u.keptInstruction = Raw.getLong(cpu.s + FIP);
        u.keptData = Raw.getLong(cpu.s + FDP);
        u.keptSelectors = Raw.getInt(cpu.s + FCS);
    }

    /** Address for a result of so many bytes. If that faults, flags and pointers are again as at {@link #keep}. */
    static long storeAddress(Cpu cpu, Op op, int bytes) {
        boolean done = false;
        try {
            long at = cpu.writeAddress(op, bytes);
            done = true;
            return at;
        } finally {
            if (!done) {
                undo(cpu);
            }
        }
    }

    /** Stores a result; a fault has the same effect. */
    static void store(Cpu cpu, long at, int bits, long value) {
        boolean done = false;
        try {
            cpu.mmu.write(at, bits, value);
            done = true;
        } finally {
            if (!done) {
                undo(cpu);
            }
        }
    }

    private static void undo(Cpu cpu) {
        FloatUnit u = cpu.floats;
        Raw.putLong(cpu.s + FCW, u.keptState);
        Raw.putLong(cpu.s + FIP, u.keptInstruction);
        Raw.putLong(cpu.s + FDP, u.keptData);
        Raw.putInt(cpu.s + FCS, u.keptSelectors);
    }

    /** FIP; the data pointer and the opcode only change with an unmasked exception (CPUID.7:EBX[6] FDP_EXCPTN_ONLY; SDM vol. 1, 8.1.8, 8.1.9). */
    static void point(Cpu cpu, Op op) {
        Raw.putLong(cpu.s + FIP, cpu.ripOf(op));
    }

    /** Precision control (SDM vol. 1, 8.1.5.2). */
    static int precision(Cpu cpu) {
        return switch (Raw.getShort(cpu.s + FCW) >> 8 & 3) {
            case 0 -> SoftFloat.SINGLE;
            case 2 -> SoftFloat.DOUBLE;
            default -> SoftFloat.EXTENDED;
        };
    }

    /** Records what happened and C1; true if a result in a register is to be written. */
    static boolean settle(Cpu cpu, Op op, FloatUnit u) {
        int status = Raw.getShort(cpu.s + FSW) & ~C1 | u.flags & 0x3f | (u.up ? C1 : 0);
        if ((u.flags & u.unmasked) != 0) {
            status |= Guard.ES | Guard.BUSY;
            pointData(cpu, op);
        }
        Raw.putShort(cpu.s + FSW, (short) status);
        return (u.flags & u.unmasked & SoftFloat.PRE_COMPUTATION) == 0;
    }

    /** Stack underflow (C1 clear) or overflow (C1 set); true if the exception is masked and the indefinite takes the result's place. */
    static boolean stackFault(Cpu cpu, Op op, boolean overflow) {
        FloatUnit u = cpu.floats;
        u.flags = SoftFloat.IE;
        u.up = overflow;
        Raw.putShort(cpu.s + FSW, (short) (Raw.getShort(cpu.s + FSW) | STACK_FAULT));
        return settle(cpu, op, u);
    }

    /** Pushes a value, C1 cleared; a full stack faults instead. */
    static void push(Cpu cpu, Op op, int tag, long significand) {
        if (!empty(cpu, 7)) {
            if (!stackFault(cpu, op, true)) {
                return;
            }
            tag = Extended.INDEFINITE_TAG;
            significand = Extended.INDEFINITE;
        }
        moveTop(cpu, -1);
        write(cpu, 0, tag, significand);
    }

    static int c1(Cpu cpu) {
        return Raw.getShort(cpu.s + FSW) & C1;
    }

    static void clearC1(Cpu cpu) {
        Raw.putShort(cpu.s + FSW, (short) (Raw.getShort(cpu.s + FSW) & ~C1));
    }

    static void conditions(Cpu cpu, int mask, int value) {
        Raw.putShort(cpu.s + FSW, (short) (Raw.getShort(cpu.s + FSW) & ~mask | value));
    }

    private static void pointData(Cpu cpu, Op op) {
        Raw.putShort(cpu.s + FOP, (short) opcode(cpu, op));
        if (op.k0 == Instruction.MEMORY) {
            Raw.putLong(cpu.s + FDP, cpu.effectiveAddress(op));
        }
        Raw.putShort(cpu.s + FCS, (short) 0);
        Raw.putShort(cpu.s + FDS, (short) 0);
    }

    /** The escape's low three bits and ModRM, found in the code again: few need them. */
    static int opcode(Cpu cpu, Op op) {
        int modrm = (op.modrmMod & 3) << 6 | (op.modrmReg & 7) << 3 | op.modrmRm & 7;
        long at = cpu.get(proteus.silicon.cpu.CpuLayout.SEG_BASE + 8 * Cpu.CS) + cpu.ripOf(op);
        for (int i = 0; i < op.length; i++) {
            long hpa = cpu.mmu.fetch(at + i);
            int b = hpa < 0 ? 0 : Raw.getByte(cpu.mmu.hostAddress(hpa)) & 0xff;
            if ((b & 0xf8) == 0xd8) {
                return (b & 7) << 8 | modrm;
            }
        }
        return modrm;
    }
}
