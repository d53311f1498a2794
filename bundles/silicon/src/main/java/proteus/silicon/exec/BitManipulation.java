package proteus.silicon.exec;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Handler;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Mnemonic;

/** BMI1 and BMI2 (SDM vol. 1, 5.1.16). Operands are 32 or 64 bits; MULX is with the products. */
final class BitManipulation {
    private BitManipulation() {}

    static void register(HandlerTable t) {
        put(t, Mnemonic.ANDN, BitManipulation::andn);
        put(t, Mnemonic.BEXTR, BitManipulation::bextr);
        put(t, Mnemonic.BLSI, (cpu, op) -> lowest(cpu, op, 0));
        put(t, Mnemonic.BLSMSK, (cpu, op) -> lowest(cpu, op, 1));
        put(t, Mnemonic.BLSR, (cpu, op) -> lowest(cpu, op, 2));
        put(t, Mnemonic.BZHI, BitManipulation::bzhi);
        put(t, Mnemonic.PDEP, (cpu, op) -> put(cpu, op, Long.expand(Operands.second(cpu, op), Operands.third(cpu, op))));
        put(t, Mnemonic.PEXT, (cpu, op) -> put(cpu, op, Long.compress(Operands.second(cpu, op), Operands.third(cpu, op))));
        put(t, Mnemonic.RORX, BitManipulation::rorx);
        put(t, Mnemonic.SARX, (cpu, op) -> put(cpu, op, Operands.second(cpu, op) << op.unused >> op.unused >> count(cpu, op)));
        put(t, Mnemonic.SHLX, (cpu, op) -> put(cpu, op, Operands.second(cpu, op) << count(cpu, op)));
        put(t, Mnemonic.SHRX, (cpu, op) -> put(cpu, op, Operands.second(cpu, op) >>> count(cpu, op)));
    }

    /** VEX-encoded, so #UD in real and v8086 mode (SDM vol. 2, table 2-29). */
    static void put(HandlerTable t, Mnemonic mnemonic, Handler handler) {
        t.put(mnemonic, (cpu, op) -> {
            if (!cpu.descriptorMode()) {
                throw cpu.undefined();
            }
            handler.execute(cpu, op);
        });
    }

    private static void put(Cpu cpu, Op op, long value) {
        cpu.register(op.r0, op.operandSize, value);
    }

    private static int count(Cpu cpu, Op op) {
        return (int) Operands.third(cpu, op) & op.operandSize - 1;
    }

    private static void andn(Cpu cpu, Op op) {
        long r = ~Operands.second(cpu, op) & Operands.third(cpu, op);
        put(cpu, op, r);
        Alu.resultFlags(cpu.s, r, false, op.unused);
    }

    private static void bextr(Cpu cpu, Op op) {
        long control = Operands.third(cpu, op);
        int start = (int) control & 0xff;
        int length = (int) (control >>> 8) & 0xff;
        long value = Operands.second(cpu, op);
        long r = start >= 64 ? 0 : value >>> start;
        r = length >= 64 ? r : r & (1L << length) - 1;
        put(cpu, op, r);
        Alu.resultFlags(cpu.s, r, false, op.unused);
    }

    /** BLSI, BLSMSK, BLSR: the destination is the first operand, the source the second. */
    private static void lowest(Cpu cpu, Op op, int what) {
        long a = Operands.second(cpu, op);
        long r = what == 0 ? a & -a : what == 1 ? a ^ a - 1 : a & a - 1;
        put(cpu, op, r);
        Alu.resultFlags(cpu.s, r, what == 0 ? a != 0 : a == 0, op.unused);
    }

    private static void bzhi(Cpu cpu, Op op) {
        int index = (int) Operands.third(cpu, op) & 0xff;
        long a = Operands.second(cpu, op);
        long r = index >= op.operandSize ? a : a & (1L << index) - 1;
        put(cpu, op, r);
        Alu.resultFlags(cpu.s, r, index >= op.operandSize, op.unused);
    }

    private static void rorx(Cpu cpu, Op op) {
        long a = Operands.second(cpu, op);
        int n = (int) op.immediate & op.operandSize - 1;
        put(cpu, op, op.operandSize == 64 ? Long.rotateRight(a, n) : Integer.rotateRight((int) a, n));
    }
}
