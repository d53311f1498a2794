package proteus.silicon.exec;

import static proteus.silicon.cpu.CpuLayout.FLAG_AUX;
import static proteus.silicon.cpu.CpuLayout.FLAG_RESULT;
import static proteus.silicon.cpu.CpuLayout.SEG_READ_END;
import static proteus.silicon.cpu.CpuLayout.SEG_WRITE_END;
import static proteus.silicon.cpu.CpuLayout.gpr;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.Mnemonic;

/**
 * MOVS, CMPS, SCAS, LODS, STOS (SDM vol. 1, 7.3.9). A repeated one works in portions: after each, RIP stays on it, so that
 * events are seen; only the last portion retires the instruction. After a fault the registers are those of the iteration that
 * faulted. Forward moves and fills within a page go as one copy.
 */
final class Strings {
    /** Iterations of one portion, and what a bulk operation counts as. */
    private static final int PORTION = 4096;
    private static final int BULK_COST = 256;
    private static final int RCX = gpr(1);
    private static final int RSI = gpr(6);
    private static final int RDI = gpr(7);

    private Strings() {}

    static void register(HandlerTable t) {
        t.put(Mnemonic.MOVS, Strings::movs);
        t.put(Mnemonic.STOS, Strings::stos);
        t.put(Mnemonic.LODS, Strings::lods);
        t.put(Mnemonic.SCAS, Strings::scas);
        t.put(Mnemonic.CMPS, Strings::cmps);
    }

    private static void movs(Cpu cpu, Op op) {
        if (!repeated(op)) {
            move(cpu, op);
            return;
        }
        truncate(cpu, op, RCX, RSI, RDI);
        long count = cpu.gpr(1) & op.addressMask;
        int work = portion(cpu);
        while (count != 0) {
            if (work <= 0) {
                pause(cpu, op);
                return;
            }
            long n = work > 1 && count > 3 ? moveBulk(cpu, op, count) : 0;
            if (n == 0) {
                move(cpu, op);
                n = 1;
                work--;
            } else {
                work -= BULK_COST;
            }
            count -= n;
            Control.counted(cpu, op, count);
        }
    }

    private static void stos(Cpu cpu, Op op) {
        if (!repeated(op)) {
            fill(cpu, op);
            return;
        }
        truncate(cpu, op, RCX, RDI);
        long count = cpu.gpr(1) & op.addressMask;
        int work = portion(cpu);
        while (count != 0) {
            if (work <= 0) {
                pause(cpu, op);
                return;
            }
            long n = work > 1 && count > 3 ? fillBulk(cpu, op, count) : 0;
            if (n == 0) {
                fill(cpu, op);
                n = 1;
                work--;
            } else {
                work -= BULK_COST;
            }
            count -= n;
            Control.counted(cpu, op, count);
        }
    }

    private static void lods(Cpu cpu, Op op) {
        if (!repeated(op)) {
            load(cpu, op);
            return;
        }
        truncate(cpu, op, RCX);
        long count = cpu.gpr(1) & op.addressMask;
        int work = portion(cpu);
        while (count != 0) {
            if (work-- <= 0) {
                pause(cpu, op);
                return;
            }
            load(cpu, op);
            Control.counted(cpu, op, --count);
        }
    }

    private static void scas(Cpu cpu, Op op) {
        if (repeated(op)) {
            compareAll(cpu, op, true);
        } else {
            scan(cpu, op);
        }
    }

    private static void cmps(Cpu cpu, Op op) {
        if (repeated(op)) {
            compareAll(cpu, op, false);
        } else {
            compare(cpu, op);
        }
    }

    /** A fault restores the flags of before (SDM vol. 2, REP). */
    private static void compareAll(Cpu cpu, Op op, boolean scan) {
        truncate(cpu, op, RCX);
        long count = cpu.gpr(1) & op.addressMask;
        int work = portion(cpu);
        long result = cpu.get(FLAG_RESULT);
        long aux = cpu.get(FLAG_AUX);
        boolean done = false;
        try {
            while (count != 0) {
                if (work-- <= 0) {
                    pause(cpu, op);
                    break;
                }
                if (scan) {
                    scan(cpu, op);
                } else {
                    compare(cpu, op);
                }
                Control.counted(cpu, op, --count);
                if (Alu.equal(cpu.s) == op.repne) {
                    break;
                }
            }
            done = true;
        } finally {
            if (!done) {
                cpu.put(FLAG_RESULT, result);
                cpu.put(FLAG_AUX, aux);
            }
        }
    }

    private static boolean repeated(Op op) {
        return op.rep || op.repne;
    }

    /** 64-bit code with 32-bit addresses: Intel processors clear the upper halves of these before the first iteration, even if there is none. */
    private static void truncate(Cpu cpu, Op op, int... registers) {
        if (op.addressSize == 32 && op.mode == 64) {
            for (int register : registers) {
                cpu.register(register, 32, cpu.get(register));
            }
        }
    }

    private static int portion(Cpu cpu) {
        return cpu.stopsAtIterations() ? 1 : PORTION;
    }

    private static void pause(Cpu cpu, Op op) {
        cpu.pause(op);
    }

    // ---- single iterations; registers move after the last access

    private static int step(Cpu cpu, Op op) {
        int bytes = op.operandSize >> 3;
        return cpu.flag(Flags.DF) ? -bytes : bytes;
    }

    private static long source(Cpu cpu, Op op) {
        return cpu.readAddress(op.segment, cpu.gpr(6) & op.addressMask, op.operandSize >> 3, op.linearMask);
    }

    private static void advance(Cpu cpu, Op op, int register, long bytes) {
        cpu.register(register, op.addressSize, cpu.get(register) + bytes);
    }

    private static void move(Cpu cpu, Op op) {
        int bits = op.operandSize;
        long value = cpu.mmu.read(source(cpu, op), bits);
        cpu.mmu.write(cpu.writeAddress(Cpu.ES, cpu.gpr(7) & op.addressMask, bits >> 3, op.linearMask), bits, value);
        int step = step(cpu, op);
        advance(cpu, op, RSI, step);
        advance(cpu, op, RDI, step);
    }

    private static void fill(Cpu cpu, Op op) {
        int bits = op.operandSize;
        cpu.mmu.write(cpu.writeAddress(Cpu.ES, cpu.gpr(7) & op.addressMask, bits >> 3, op.linearMask), bits, cpu.gpr(0));
        advance(cpu, op, RDI, step(cpu, op));
    }

    private static void load(Cpu cpu, Op op) {
        long value = cpu.mmu.read(source(cpu, op), op.operandSize);
        cpu.register(gpr(0), op.operandSize, value);
        advance(cpu, op, RSI, step(cpu, op));
    }

    private static long target(Cpu cpu, Op op) {
        return cpu.mmu.read(cpu.readAddress(Cpu.ES, cpu.gpr(7) & op.addressMask, op.operandSize >> 3, op.linearMask), op.operandSize);
    }

    private static void scan(Cpu cpu, Op op) {
        Alu.sub(cpu.s, cpu.gpr(0), target(cpu, op), op.unused);
        advance(cpu, op, RDI, step(cpu, op));
    }

    private static void compare(Cpu cpu, Op op) {
        // the second operand is read first, as its fault shows
        long b = target(cpu, op);
        Alu.sub(cpu.s, cpu.mmu.read(source(cpu, op), op.operandSize), b, op.unused);
        int step = step(cpu, op);
        advance(cpu, op, RSI, step);
        advance(cpu, op, RDI, step);
    }

    // ---- bulk

    /** How many elements from this offset lie within the segment's plain part, the page, and the address size. */
    private static long room(Cpu cpu, Op op, int segment, int ends, long offset, long linear, long count) {
        int bytes = op.operandSize >> 3;
        long n = Math.min(count > 4096 ? 4096 : count, (4096 - (linear & 4095)) / bytes);
        if (n <= 0) {
            return 0;
        }
        long last = offset + n * bytes - 1;
        boolean inside = Long.compareUnsigned(last, offset) >= 0 && Long.compareUnsigned(last, op.addressMask) <= 0
            && Long.compareUnsigned(last, cpu.get(ends + 8 * segment)) < 0;
        return inside ? n : 0;
    }

    private static long linear(Cpu cpu, Op op, int segment, long offset) {
        return cpu.get(proteus.silicon.cpu.CpuLayout.SEG_BASE + 8 * segment) + offset & op.linearMask;
    }

    /** Moves as many elements as one copy can; 0 if a single step must be taken. */
    private static long moveBulk(Cpu cpu, Op op, long count) {
        if (cpu.flag(Flags.DF)) {
            return 0;
        }
        long from = cpu.gpr(6) & op.addressMask;
        long to = cpu.gpr(7) & op.addressMask;
        long linearFrom = linear(cpu, op, op.segment, from);
        long linearTo = linear(cpu, op, Cpu.ES, to);
        long n = room(cpu, op, op.segment, SEG_READ_END, from, linearFrom, count);
        n = n == 0 ? 0 : room(cpu, op, Cpu.ES, SEG_WRITE_END, to, linearTo, n);
        if (n < 2) {
            return 0;
        }
        long hostFrom = cpu.mmu.directRead(linearFrom);
        long hostTo = hostFrom == 0 ? 0 : cpu.mmu.bulkWrite(linearTo);
        if (hostTo == 0) {
            return 0;
        }
        int bytes = op.operandSize >> 3;
        long length = n * bytes;
        if (hostTo > hostFrom && hostTo < hostFrom + length) {
            // each element is read after the ones before were written: the pattern repeats
            long distance = hostTo - hostFrom;
            if (distance < bytes) {
                return 0;
            }
            long done = 0;
            while (done < length) {
                long part = Math.min(distance, length - done);
                Raw.copy(hostFrom + done, hostTo + done, part);
                done += part;
            }
        } else {
            Raw.copy(hostFrom, hostTo, length);
        }
        cpu.mmu.bulkWritten(hostTo, (int) length);
        advance(cpu, op, RSI, length);
        advance(cpu, op, RDI, length);
        return n;
    }

    private static long fillBulk(Cpu cpu, Op op, long count) {
        if (cpu.flag(Flags.DF)) {
            return 0;
        }
        long to = cpu.gpr(7) & op.addressMask;
        long linear = linear(cpu, op, Cpu.ES, to);
        long n = room(cpu, op, Cpu.ES, SEG_WRITE_END, to, linear, count);
        if (n < 2) {
            return 0;
        }
        long host = cpu.mmu.bulkWrite(linear);
        if (host == 0) {
            return 0;
        }
        long value = cpu.gpr(0);
        int bits = op.operandSize;
        long length = n * bits >> 3;
        long pattern = bits == 8 ? (value & 0xff) * 0x0101010101010101L
            : bits == 16 ? (value & 0xffff) * 0x0001000100010001L
            : bits == 32 ? value << 32 | value & 0xffffffffL : value;
        long at = host;
        for (long end = host + (length & -8L); at < end; at += 8) {
            Raw.putLong(at, pattern);
        }
        for (; at < host + length; at++) {
            Raw.putByte(at, (byte) pattern);
            pattern >>>= 8;
        }
        cpu.mmu.bulkWritten(host, (int) length);
        advance(cpu, op, RDI, length);
        return n;
    }
}
