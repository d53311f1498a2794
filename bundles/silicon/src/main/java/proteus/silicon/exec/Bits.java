package proteus.silicon.exec;

import static proteus.x86.decode.Instruction.IMMEDIATE;
import static proteus.x86.decode.Instruction.MEMORY;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Mnemonic;

/** Single bits, scans and counts (SDM vol. 1, 7.3.7), CRC32. */
final class Bits {
    private static final int TEST = 0, SET = 1, RESET = 2, COMPLEMENT = 3;
    /** CRC-32C, the polynomial 11EDC6F41H reflected (SDM vol. 2, CRC32). */
    private static final int CASTAGNOLI = 0x82f63b78;

    private Bits() {}

    static void register(HandlerTable t) {
        t.put(Mnemonic.BT, (cpu, op) -> bit(cpu, op, TEST));
        t.put(Mnemonic.BTS, (cpu, op) -> bit(cpu, op, SET));
        t.put(Mnemonic.BTR, (cpu, op) -> bit(cpu, op, RESET));
        t.put(Mnemonic.BTC, (cpu, op) -> bit(cpu, op, COMPLEMENT));
        t.put(Mnemonic.BSF, (cpu, op) -> scan(cpu, op, true));
        t.put(Mnemonic.BSR, (cpu, op) -> scan(cpu, op, false));
        t.put(Mnemonic.TZCNT, Bits::tzcnt);
        t.put(Mnemonic.LZCNT, Bits::lzcnt);
        t.put(Mnemonic.POPCNT, Bits::popcnt);
        t.put(Mnemonic.BSWAP, Bits::bswap);
        t.put(Mnemonic.CRC32, Bits::crc32);
    }

    private static long changed(long value, long bit, int action) {
        return switch (action) {
            case SET -> value | bit;
            case RESET -> value & ~bit;
            case COMPLEMENT -> value ^ bit;
            default -> value;
        };
    }

    /** CF takes the bit; the other flags stay. A register offset reaches beyond the memory operand (SDM vol. 2, BT, "bit string"). */
    private static void bit(Cpu cpu, Op op, int action) {
        int bits = op.operandSize;
        long position = op.k1 == IMMEDIATE ? op.immediate : cpu.register(op.r1, bits) << op.unused >> op.unused;
        int within = (int) position & bits - 1;
        long bit = 1L << within;
        if (op.k0 != MEMORY) {
            long value = cpu.register(op.r0, bits);
            Alu.carry(cpu.s, value >>> within << 63);
            if (action != TEST) {
                cpu.register(op.r0, bits, changed(value, bit, action));
            }
            return;
        }
        int bytes = bits >> 3;
        long element = op.k1 == IMMEDIATE ? 0 : position >> Integer.numberOfTrailingZeros(bits);
        long ea = cpu.effectiveAddress(op) + element * bytes & op.addressMask;
        if (action == TEST) {
            long value = cpu.mmu.read(cpu.readAddress(op.segment, ea, bytes, op.linearMask), bits);
            Alu.carry(cpu.s, value >>> within << 63);
            return;
        }
        long gva = cpu.writeAddress(op.segment, ea, bytes, op.linearMask);
        long value = cpu.mmu.readForWrite(gva, bits);
        cpu.mmu.write(gva, bits, changed(value, bit, action));
        Alu.carry(cpu.s, value >>> within << 63);
    }

    /** A source of zero leaves the destination as it is, which software relies on although only AMD documents it. */
    private static void scan(Cpu cpu, Op op, boolean forward) {
        long value = Operands.second(cpu, op);
        if (value != 0) {
            cpu.register(op.r0, op.operandSize, forward ? Long.numberOfTrailingZeros(value) : 63 - Long.numberOfLeadingZeros(value));
        }
        Alu.resultFlags(cpu.s, value, false, op.unused);
    }

    private static void tzcnt(Cpu cpu, Op op) {
        long value = Operands.second(cpu, op);
        long r = Math.min(Long.numberOfTrailingZeros(value), op.operandSize);
        cpu.register(op.r0, op.operandSize, r);
        Alu.resultFlags(cpu.s, r, value == 0, op.unused);
    }

    private static void lzcnt(Cpu cpu, Op op) {
        long value = Operands.second(cpu, op);
        long r = Long.numberOfLeadingZeros(value) - op.unused;
        cpu.register(op.r0, op.operandSize, r);
        Alu.resultFlags(cpu.s, r, value == 0, op.unused);
    }

    private static void popcnt(Cpu cpu, Op op) {
        long value = Operands.second(cpu, op);
        cpu.register(op.r0, op.operandSize, Long.bitCount(value));
        cpu.arithmeticFlags(value == 0 ? proteus.silicon.cpu.Flags.ZF : 0);
    }

    private static void bswap(Cpu cpu, Op op) {
        long value = cpu.register(op.r0, op.operandSize);
        // the 16-bit form is undefined; processors clear the register
        cpu.register(op.r0, op.operandSize, op.operandSize == 64 ? Long.reverseBytes(value) : op.operandSize == 32 ? Integer.reverseBytes((int) value) : 0);
    }

    private static void crc32(Cpu cpu, Op op) {
        int bits = op.s1;
        long data = cpu.readOperand(op, op.k1, op.r1, bits);
        int crc = (int) cpu.register(op.r0, 32);
        for (int i = 0; i < bits; i += 8) {
            crc ^= (int) (data >>> i) & 0xff;
            for (int k = 0; k < 8; k++) {
                crc = crc >>> 1 ^ ((crc & 1) != 0 ? CASTAGNOLI : 0);
            }
        }
        cpu.register(op.r0, 64, crc & 0xffffffffL);
    }
}
