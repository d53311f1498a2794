package proteus.silicon.exec;

import static proteus.silicon.cpu.CpuLayout.gpr;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Mnemonic;

/** Additions, comparisons and logic of the forms that have no operation of their own; ADX (SDM vol. 2). */
final class Arithmetic {
    private Arithmetic() {}

    static void register(HandlerTable t) {
        t.put(Mnemonic.ADD, (cpu, op) -> Operands.modify(cpu, op, Alu::add));
        t.put(Mnemonic.SUB, (cpu, op) -> Operands.modify(cpu, op, Alu::sub));
        t.put(Mnemonic.AND, (cpu, op) -> Operands.modify(cpu, op, Alu::and));
        t.put(Mnemonic.OR, (cpu, op) -> Operands.modify(cpu, op, Alu::or));
        t.put(Mnemonic.XOR, (cpu, op) -> Operands.modify(cpu, op, Alu::xor));
        t.put(Mnemonic.CMP, (cpu, op) -> Alu.sub(cpu.s, Operands.first(cpu, op), Operands.second(cpu, op), op.unused));
        t.put(Mnemonic.INC, (cpu, op) -> Operands.modify(cpu, op, Alu::inc));
        t.put(Mnemonic.DEC, (cpu, op) -> Operands.modify(cpu, op, Alu::dec));
        t.put(Mnemonic.ADC, (cpu, op) -> Operands.modify(cpu, op, Alu::adc));
        t.put(Mnemonic.SBB, (cpu, op) -> Operands.modify(cpu, op, Alu::sbb));
        t.put(Mnemonic.NEG, (cpu, op) -> Operands.modify(cpu, op, Alu::neg));
        t.put(Mnemonic.NOT, (cpu, op) -> Operands.modify(cpu, op, (s, a, unused) -> ~a));
        t.put(Mnemonic.TEST, (cpu, op) -> Alu.and(cpu.s, Operands.first(cpu, op), Operands.second(cpu, op), op.unused));
        t.put(Mnemonic.ADCX, (cpu, op) -> carryChain(cpu, op, Flags.CF));
        t.put(Mnemonic.ADOX, (cpu, op) -> carryChain(cpu, op, Flags.OF));
        t.put(Mnemonic.CMPXCHG, Arithmetic::cmpxchg);
        t.put(Mnemonic.CMPXCHG8B, Arithmetic::cmpxchg8b);
        t.put(Mnemonic.CMPXCHG16B, Arithmetic::cmpxchg16b);
        t.put(Mnemonic.XADD, Arithmetic::xadd);
    }

    /** ADCX and ADOX: addition with one flag as carry in and out, nothing else changes. */
    private static void carryChain(Cpu cpu, Op op, int flag) {
        int bits = op.s0;
        long a = cpu.register(op.r0, bits);
        long b = cpu.readOperand(op, op.k1, op.r1, bits);
        long carry = (cpu.arithmeticFlags() & flag) != 0 ? 1 : 0;
        long r = a + b + carry;
        boolean out = bits == 64 ? ((a & b | (a | b) & ~r) < 0) : r >>> 32 != 0;
        cpu.register(op.r0, bits, r);
        cpu.arithmeticFlags(flag, out ? flag : 0);
    }

    /** The destination is written also when unequal, so a page that may not be written faults either way (SDM vol. 2, CMPXCHG). */
    private static void cmpxchg(Cpu cpu, Op op) {
        int bits = op.operandSize;
        long accumulator = cpu.register(gpr(0), bits);
        long source = cpu.register(op.r1, bits);
        boolean memory = op.k0 == proteus.x86.decode.Instruction.MEMORY;
        long gva = memory ? Memory.modify(cpu, op) : 0;
        long old = memory ? Memory.take(cpu, op, gva) : cpu.register(op.r0, bits);
        long difference = Alu.sub(cpu.s, accumulator, old, op.unused) & op.mask;
        if (memory) {
            Memory.put(cpu, op, gva, difference == 0 ? source : old);
        } else if (difference == 0) {
            cpu.register(op.r0, bits, source);
        }
        if (difference != 0) {
            cpu.register(gpr(0), bits, old);
        }
    }

    private static void cmpxchg8b(Cpu cpu, Op op) {
        long gva = cpu.writeAddress(op, 8);
        long old = cpu.mmu.readForWrite(gva, 64);
        long expected = (long) cpu.gpr32(2) << 32 | cpu.gpr32(0) & 0xffffffffL;
        boolean equal = old == expected;
        cpu.mmu.write64(gva, equal ? (long) cpu.gpr32(1) << 32 | cpu.gpr32(3) & 0xffffffffL : old);
        if (!equal) {
            cpu.register(gpr(0), 32, old);
            cpu.register(gpr(2), 32, old >>> 32);
        }
        cpu.arithmeticFlags(Flags.ZF, equal ? Flags.ZF : 0);
    }

    private static void cmpxchg16b(Cpu cpu, Op op) {
        long gva = cpu.writeAddress(op, 16);
        if ((gva & 15) != 0) {
            throw cpu.protection(0);
        }
        long low = cpu.mmu.readForWrite(gva, 64);
        long high = cpu.mmu.readForWrite(gva + 8, 64);
        boolean equal = low == cpu.gpr(0) && high == cpu.gpr(2);
        cpu.mmu.write64(gva, equal ? cpu.gpr(3) : low);
        cpu.mmu.write64(gva + 8, equal ? cpu.gpr(1) : high);
        if (!equal) {
            cpu.gpr(0, low);
            cpu.gpr(2, high);
        }
        cpu.arithmeticFlags(Flags.ZF, equal ? Flags.ZF : 0);
    }

    private static void xadd(Cpu cpu, Op op) {
        int bits = op.operandSize;
        long source = cpu.register(op.r1, bits);
        if (op.k0 == proteus.x86.decode.Instruction.MEMORY) {
            long gva = Memory.modify(cpu, op);
            long old = Memory.take(cpu, op, gva);
            Memory.put(cpu, op, gva, Alu.add(cpu.s, old, source, op.unused));
            cpu.register(op.r1, bits, old);
        } else {
            long old = cpu.register(op.r0, bits);
            cpu.register(op.r1, bits, old);
            cpu.register(op.r0, bits, Alu.add(cpu.s, old, source, op.unused));
        }
    }
}
