package proteus.silicon.exec;

import static proteus.x86.decode.Instruction.IMMEDIATE;
import static proteus.x86.decode.Instruction.MEMORY;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Mnemonic;

/** Shifts and rotates (SDM vol. 1, 7.3.6). */
final class Shifts {
    private Shifts() {}

    static void register(HandlerTable t) {
        t.put(Mnemonic.SHL, (cpu, op) -> Operands.shift(cpu, op, Alu::shl));
        t.put(Mnemonic.SHR, (cpu, op) -> Operands.shift(cpu, op, Alu::shr));
        t.put(Mnemonic.SAR, (cpu, op) -> Operands.shift(cpu, op, Alu::sar));
        t.put(Mnemonic.ROL, (cpu, op) -> Operands.shift(cpu, op, Alu::rol));
        t.put(Mnemonic.ROR, (cpu, op) -> Operands.shift(cpu, op, Alu::ror));
        t.put(Mnemonic.RCL, (cpu, op) -> Operands.shift(cpu, op, Alu::rcl));
        t.put(Mnemonic.RCR, (cpu, op) -> Operands.shift(cpu, op, Alu::rcr));
        t.put(Mnemonic.SHLD, (cpu, op) -> twice(cpu, op, true));
        t.put(Mnemonic.SHRD, (cpu, op) -> twice(cpu, op, false));
    }

    private static void twice(Cpu cpu, Op op, boolean left) {
        int bits = op.operandSize;
        int count = (int) (op.k2 == IMMEDIATE ? op.immediate : cpu.register(op.r2, 8)) & (bits == 64 ? 63 : 31);
        long b = cpu.register(op.r1, bits);
        boolean memory = op.k0 == MEMORY;
        long gva = memory ? Memory.modify(cpu, op) : 0;
        long a = memory ? Memory.take(cpu, op, gva) : cpu.register(op.r0, bits);
        long r = count == 0 ? a : left ? Alu.shld(cpu.s, a, b, count, op.unused) : Alu.shrd(cpu.s, a, b, count, op.unused);
        if (memory) {
            Memory.put(cpu, op, gva, r);
        } else {
            cpu.register(op.r0, bits, r);
        }
    }
}
