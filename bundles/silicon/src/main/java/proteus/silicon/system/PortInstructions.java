package proteus.silicon.system;

import static proteus.silicon.cpu.Cpu.ES;
import static proteus.silicon.cpu.Cpu.TR;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;
import proteus.x86.format.SegmentDescriptor;
import proteus.x86.format.Tss32;

/** IN, OUT, INS, OUTS (SDM vol. 1, ch. 19). A repeated one works in portions and can be interrupted between iterations. */
final class PortInstructions {
    private static final int PORTION = 1024;
    private static final int RCX = 1, RDX = 2, RSI = 6, RDI = 7;

    private PortInstructions() {}

    static void register(HandlerTable t) {
        t.putEnding(Mnemonic.IN, PortInstructions::in);
        t.putEnding(Mnemonic.OUT, PortInstructions::out);
        t.putEnding(Mnemonic.INS, (cpu, op) -> repeat(cpu, op, true));
        t.putEnding(Mnemonic.OUTS, (cpu, op) -> repeat(cpu, op, false));
    }

    /** IOPL, or else the I/O permission bitmap of the TSS (SDM vol. 1, 19.5.2); in v8086 mode the bitmap alone. */
    private static void checkPermission(Cpu cpu, int port, int bytes) {
        if (!cpu.protectedMode() || cpu.cpl <= cpu.iopl() && !cpu.v8086()) {
            return;
        }
        long limit = cpu.limit[TR];
        if ((cpu.rights[TR] & SegmentDescriptor.UNUSABLE) != 0 || (cpu.rights[TR] & 8) == 0 || limit < Tss32.SIZE - 1) {
            throw cpu.protection(0);
        }
        long at = (cpu.mmu.systemRead16(cpu.base[TR] + Tss32.IO_MAP_BASE) & 0xffffL) + port / 8;
        // two bytes are read always, so the map ends with a byte of ones
        if (at + 1 > limit) {
            throw cpu.protection(0);
        }
        int bits = cpu.mmu.systemRead16(cpu.base[TR] + at) >>> (port & 7);
        if ((bits & (1 << bytes) - 1) != 0) {
            throw cpu.protection(0);
        }
    }

    private static int port(Cpu cpu, Op op, int kind) {
        return kind == Instruction.IMMEDIATE ? (int) op.immediate & 0xff : (int) cpu.gpr(RDX) & 0xffff;
    }

    /** Ports are at most 32 bits wide, REX.W or not. */
    private static int bytes(Op op) {
        return Math.min(op.operandSize >> 3, 4);
    }

    private static void in(Cpu cpu, Op op) {
        int bytes = bytes(op);
        int port = port(cpu, op, op.k1);
        checkPermission(cpu, port, bytes);
        cpu.intercepts.portIo(cpu, op, port, bytes, true, false, false, op.k1 == Instruction.IMMEDIATE);
        cpu.register(CpuLayout.gpr(0), 8 * bytes, cpu.bus.readPort(port, bytes) & 0xffff_ffffL);
        DebugRegisters.watchPort(cpu, port, bytes);
    }

    private static void out(Cpu cpu, Op op) {
        int bytes = bytes(op);
        int port = port(cpu, op, op.k0);
        checkPermission(cpu, port, bytes);
        cpu.intercepts.portIo(cpu, op, port, bytes, false, false, false, op.k0 == Instruction.IMMEDIATE);
        cpu.bus.writePort(port, bytes, (int) cpu.register(CpuLayout.gpr(0), 8 * bytes));
        DebugRegisters.watchPort(cpu, port, bytes);
    }

    private static void repeat(Cpu cpu, Op op, boolean in) {
        if (!op.rep && !op.repne) {
            element(cpu, op, in);
            return;
        }
        long count = cpu.gpr(RCX) & op.addressMask;
        int portion = cpu.stopsAtIterations() ? 1 : PORTION;
        while (count != 0) {
            if (portion-- == 0) {
                cpu.pause(op);
                return;
            }
            element(cpu, op, in);
            count--;
            cpu.register(CpuLayout.gpr(RCX), op.addressSize, count);
        }
    }

    private static void element(Cpu cpu, Op op, boolean in) {
        int bytes = bytes(op);
        int bits = 8 * bytes;
        int port = (int) cpu.gpr(RDX) & 0xffff;
        checkPermission(cpu, port, bytes);
        cpu.intercepts.portIo(cpu, op, port, bytes, in, true, op.rep || op.repne, false);
        int index = in ? RDI : RSI;
        long offset = cpu.gpr(index) & op.addressMask;
        if (in) {
            long gva = cpu.writeAddress(ES, offset, bytes, op.linearMask);
            // the device must not be read if the store would fault
            cpu.mmu.probeWrite(gva, bytes);
            cpu.mmu.write(gva, bits, cpu.bus.readPort(port, bytes));
        } else {
            long gva = cpu.readAddress(op.segment, offset, bytes, op.linearMask);
            cpu.bus.writePort(port, bytes, (int) cpu.mmu.read(gva, bits));
        }
        DebugRegisters.watchPort(cpu, port, bytes);
        cpu.register(CpuLayout.gpr(index), op.addressSize, cpu.gpr(index) + (cpu.flag(Flags.DF) ? -bytes : bytes));
    }
}
