package proteus.silicon.exec;

import static proteus.silicon.cpu.CpuLayout.gpr;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Mnemonic;

/** MUL, IMUL, DIV, IDIV, MULX (SDM vol. 2). */
final class Products {
    private static final int RAX = gpr(0);
    private static final int RDX = gpr(2);

    private Products() {}

    static void register(HandlerTable t) {
        t.put(Mnemonic.MUL, Products::mul);
        t.put(Mnemonic.IMUL, Products::imul);
        BitManipulation.put(t, Mnemonic.MULX, Products::mulx);
        t.put(Mnemonic.DIV, Products::div);
        t.put(Mnemonic.IDIV, Products::idiv);
    }

    private static void mul(Cpu cpu, Op op) {
        int bits = op.operandSize;
        long a = cpu.register(RAX, bits);
        long b = Operands.first(cpu, op);
        long low = a * b;
        long high = bits == 64 ? Math.unsignedMultiplyHigh(a, b) : low >>> bits;
        product(cpu, bits, low, high);
        Alu.productFlags(cpu.s, low, (high & op.mask) != 0, op.unused);
    }

    private static void imul(Cpu cpu, Op op) {
        int bits = op.operandSize;
        if (op.operandCount == 3) {
            cpu.register(op.r0, bits, Alu.imul(cpu.s, Operands.second(cpu, op), op.immediate, op.unused));
            return;
        }
        if (op.operandCount == 2) {
            cpu.register(op.r0, bits, Alu.imul(cpu.s, cpu.register(op.r0, bits), Operands.second(cpu, op), op.unused));
            return;
        }
        long a = cpu.register(RAX, bits) << op.unused >> op.unused;
        long b = Operands.first(cpu, op) << op.unused >> op.unused;
        long low = a * b;
        long high = bits == 64 ? Math.multiplyHigh(a, b) : low >> bits;
        product(cpu, bits, low, high);
        long sign = low << op.unused >> 63;
        Alu.productFlags(cpu.s, low, bits == 64 ? high != sign : low << op.unused >> op.unused != low, op.unused);
    }

    private static void product(Cpu cpu, int bits, long low, long high) {
        if (bits == 8) {
            cpu.register(RAX, 16, low);
        } else {
            cpu.register(RAX, bits, low);
            cpu.register(RDX, bits, high);
        }
    }

    private static void mulx(Cpu cpu, Op op) {
        int bits = op.operandSize;
        long a = cpu.register(RDX, bits);
        long b = Operands.third(cpu, op);
        long low = a * b;
        long high = bits == 64 ? Math.unsignedMultiplyHigh(a, b) : low >>> 32;
        cpu.register(op.r1, bits, low);
        cpu.register(op.r0, bits, high);
    }

    private static void div(Cpu cpu, Op op) {
        int bits = op.operandSize;
        long divisor = Operands.first(cpu, op);
        if (divisor == 0) {
            throw cpu.fault(0, 0);
        }
        if (bits == 64) {
            div128(cpu, cpu.gpr(2), cpu.gpr(0), divisor);
            return;
        }
        long dividend = bits == 8 ? cpu.register(RAX, 16) : cpu.register(RDX, bits) << bits | cpu.register(RAX, bits);
        long quotient = Long.divideUnsigned(dividend, divisor);
        if (Long.compareUnsigned(quotient, op.mask) > 0) {
            throw cpu.fault(0, 0);
        }
        quotient(cpu, bits, quotient, Long.remainderUnsigned(dividend, divisor));
    }

    private static void quotient(Cpu cpu, int bits, long quotient, long remainder) {
        if (bits == 8) {
            cpu.register(RAX, 16, quotient & 0xff | (remainder & 0xff) << 8);
        } else {
            cpu.register(RAX, bits, quotient);
            cpu.register(RDX, bits, remainder);
        }
    }

    private static void idiv(Cpu cpu, Op op) {
        int bits = op.operandSize;
        long divisor = Operands.first(cpu, op) << op.unused >> op.unused;
        if (divisor == 0) {
            throw cpu.fault(0, 0);
        }
        if (bits == 64) {
            idiv128(cpu, cpu.gpr(2), cpu.gpr(0), divisor);
            return;
        }
        long dividend = bits == 8 ? (short) cpu.register(RAX, 16)
            : bits == 16 ? (int) (cpu.register(RDX, 16) << 16 | cpu.register(RAX, 16))
            : cpu.register(RDX, 32) << 32 | cpu.register(RAX, 32);
        if (dividend == Long.MIN_VALUE && divisor == -1) {
            throw cpu.fault(0, 0);
        }
        long quotient = dividend / divisor;
        if (quotient << op.unused >> op.unused != quotient) {
            throw cpu.fault(0, 0);
        }
        quotient(cpu, bits, quotient, dividend % divisor);
    }

    private static void div128(Cpu cpu, long high, long low, long divisor) {
        if (Long.compareUnsigned(high, divisor) >= 0) {
            throw cpu.fault(0, 0);
        }
        long quotient = divide(high, low, divisor);
        cpu.gpr(0, quotient);
        cpu.gpr(2, low - quotient * divisor);
    }

    private static void idiv128(Cpu cpu, long high, long low, long divisor) {
        boolean negative = high < 0;
        long h = negative ? ~high + (low == 0 ? 1 : 0) : high;
        long l = negative ? -low : low;
        long d = Math.abs(divisor); // 2^63 stays as it is, which is right read unsigned
        if (Long.compareUnsigned(h, d) >= 0) {
            throw cpu.fault(0, 0);
        }
        long q = divide(h, l, d);
        long remainder = l - q * d;
        boolean negativeQuotient = negative != divisor < 0;
        if (negativeQuotient ? Long.compareUnsigned(q, Long.MIN_VALUE) > 0 : q < 0) {
            throw cpu.fault(0, 0);
        }
        cpu.gpr(0, negativeQuotient ? -q : q);
        cpu.gpr(2, negative ? -remainder : remainder);
    }

    /** Unsigned quotient of 128 by 64 bits, {@code high < divisor} (Knuth, TAOCP vol. 2, 4.3.1, algorithm D with 32-bit digits). */
    static long divide(long high, long low, long divisor) {
        if (high == 0) {
            return Long.divideUnsigned(low, divisor);
        }
        int shift = Long.numberOfLeadingZeros(divisor);
        long d = divisor << shift;
        long h = shift == 0 ? high : high << shift | low >>> 64 - shift;
        long l = low << shift;
        long d1 = d >>> 32;
        long d0 = d & 0xffffffffL;
        long q1 = digit(h, l >>> 32, d1, d0);
        long rest = (h << 32 | l >>> 32) - q1 * d;
        long q0 = digit(rest, l & 0xffffffffL, d1, d0);
        return q1 << 32 | q0 & 0xffffffffL;
    }

    /** One 32-bit digit of (u : v) / d, u < d. */
    private static long digit(long u, long v, long d1, long d0) {
        long q = Long.divideUnsigned(u, d1);
        long r = u - q * d1;
        while (q >>> 32 != 0 || Long.compareUnsigned(q * d0, r << 32 | v) > 0) {
            q--;
            r += d1;
            if (r >>> 32 != 0) {
                break;
            }
        }
        return q;
    }
}
