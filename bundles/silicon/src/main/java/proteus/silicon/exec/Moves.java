package proteus.silicon.exec;

import static proteus.silicon.cpu.CpuLayout.gpr;
import static proteus.x86.decode.Instruction.MEMORY;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.Mnemonic;

/** Moves, exchanges, conversions and the flag instructions that need no privilege (SDM vol. 1, 7.3.1 and 7.3.13). */
final class Moves {
    private static final int LAHF_FLAGS = Flags.SF | Flags.ZF | Flags.AF | Flags.PF | Flags.CF;

    private Moves() {}

    static void register(HandlerTable t) {
        t.put(Mnemonic.MOV, (cpu, op) -> cpu.writeOperand(op, op.k0, op.r0, op.operandSize, Operands.second(cpu, op)));
        t.put(Mnemonic.MOVZX, (cpu, op) -> cpu.register(op.r0, op.operandSize, source(cpu, op)));
        t.put(Mnemonic.MOVSX, (cpu, op) -> cpu.register(op.r0, op.operandSize, signed(source(cpu, op), op.s1)));
        t.put(Mnemonic.MOVSXD, (cpu, op) -> cpu.register(op.r0, op.operandSize, signed(source(cpu, op), op.s1)));
        t.put(Mnemonic.CMOVCC, Moves::cmov);
        t.put(Mnemonic.LEA, (cpu, op) -> cpu.register(op.r0, op.operandSize, cpu.effectiveAddress(op)));
        t.put(Mnemonic.MOVBE, Moves::movbe);
        t.put(Mnemonic.MOVNTI, (cpu, op) -> Memory.store(cpu, op, cpu.register(op.r1, op.s1)));
        t.put(Mnemonic.MOVDIRI, (cpu, op) -> Memory.store(cpu, op, cpu.register(op.r1, op.operandSize)));
        t.put(Mnemonic.XCHG, Moves::xchg);
        t.put(Mnemonic.XLAT, Moves::xlat);
        t.put(Mnemonic.SETCC, (cpu, op) -> cpu.writeOperand(op, op.k0, op.r0, 8, cpu.condition(op.condition) ? 1 : 0));
        t.put(Mnemonic.POP, Stack::popOperand);
        t.put(Mnemonic.CBW, (cpu, op) -> cpu.register(gpr(0), op.operandSize, signed(cpu.gpr(0), op.operandSize >> 1)));
        t.put(Mnemonic.CWD, (cpu, op) -> cpu.register(gpr(2), op.operandSize, signed(cpu.gpr(0), op.operandSize) >> 63));
        t.put(Mnemonic.LAHF, (cpu, op) -> cpu.register(gpr(0) + 1, 8, cpu.arithmeticFlags() & LAHF_FLAGS | Flags.FIXED));
        t.put(Mnemonic.SAHF, (cpu, op) -> cpu.arithmeticFlags(LAHF_FLAGS, (int) cpu.register(gpr(0) + 1, 8)));
        t.put(Mnemonic.SALC, (cpu, op) -> cpu.register(gpr(0), 8, cpu.carry() ? 0xff : 0));
        t.put(Mnemonic.CLC, (cpu, op) -> Alu.carry(cpu.s, 0));
        t.put(Mnemonic.STC, (cpu, op) -> Alu.carry(cpu.s, -1));
        t.put(Mnemonic.CMC, (cpu, op) -> Alu.carry(cpu.s, cpu.carry() ? 0 : -1));
        t.put(Mnemonic.CLD, (cpu, op) -> cpu.flag(Flags.DF, false));
        t.put(Mnemonic.STD, (cpu, op) -> cpu.flag(Flags.DF, true));
    }

    private static long signed(long value, int bits) {
        return value << 64 - bits >> 64 - bits;
    }

    /** XCHG of two registers, of any size. */
    static void exchange(long s, Op op) {
        long a = Raw.getLong(s + op.r0) & op.mask;
        long b = Raw.getLong(s + op.r1) & op.mask;
        Raw.putLong(s + op.r0, Raw.getLong(s + op.r0) & op.keep | b);
        Raw.putLong(s + op.r1, Raw.getLong(s + op.r1) & op.keep | a);
    }

    private static void xchg(Cpu cpu, Op op) {
        if (op.k0 != MEMORY && op.k1 != MEMORY) {
            exchange(cpu.s, op);
            return;
        }
        boolean memoryFirst = op.k0 == MEMORY;
        int register = memoryFirst ? op.r1 : op.r0;
        long gva = Memory.modify(cpu, op);
        long old = Memory.take(cpu, op, gva);
        Memory.put(cpu, op, gva, cpu.register(register, op.operandSize));
        cpu.register(register, op.operandSize, old);
    }

    private static void movbe(Cpu cpu, Op op) {
        long value = Long.reverseBytes(Operands.second(cpu, op)) >>> op.unused;
        cpu.writeOperand(op, op.k0, op.r0, op.operandSize, value);
    }

    private static void xlat(Cpu cpu, Op op) {
        long ea = cpu.gpr(3) + (cpu.gpr(0) & 0xff) & op.addressMask;
        cpu.register(gpr(0), 8, cpu.mmu.read8(cpu.readAddress(op.segment, ea, 1, op.linearMask)));
    }

    /** The second operand at its own size, zero-extended. */
    private static long source(Cpu cpu, Op op) {
        return cpu.readOperand(op, op.k1, op.r1, op.s1);
    }

    /** The source is read in any case, and a 32-bit destination is zero-extended in any case (SDM vol. 2, CMOVcc). */
    private static void cmov(Cpu cpu, Op op) {
        long value = source(cpu, op);
        cpu.register(op.r0, op.operandSize, cpu.condition(op.condition) ? value : cpu.register(op.r0, op.operandSize));
    }
}
