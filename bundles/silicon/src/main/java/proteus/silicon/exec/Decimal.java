package proteus.silicon.exec;

import static proteus.silicon.cpu.CpuLayout.gpr;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Mnemonic;

/** BCD arithmetic on AL and AX (SDM vol. 1, 7.3.4). */
final class Decimal {
    private static final int AL = gpr(0);
    private static final int AH = gpr(0) + 1;

    private Decimal() {}

    static void register(HandlerTable t) {
        t.put(Mnemonic.AAA, (cpu, op) -> ascii(cpu, 1));
        t.put(Mnemonic.AAS, (cpu, op) -> ascii(cpu, -1));
        t.put(Mnemonic.AAM, Decimal::aam);
        t.put(Mnemonic.AAD, Decimal::aad);
        t.put(Mnemonic.DAA, (cpu, op) -> decimal(cpu, 1));
        t.put(Mnemonic.DAS, (cpu, op) -> decimal(cpu, -1));
    }

    private static void ascii(Cpu cpu, int direction) {
        int ax = (int) cpu.register(AL, 16);
        int flags = cpu.arithmeticFlags();
        boolean adjust = (ax & 15) > 9 || (flags & Flags.AF) != 0;
        if (adjust) {
            ax += direction * 0x106;
        }
        ax &= 0xff0f;
        cpu.register(AL, 16, ax);
        Alu.or(cpu.s, ax & 0xff, 0, 56);
        cpu.arithmeticFlags(Flags.CF | Flags.AF, adjust ? Flags.CF | Flags.AF : 0);
    }

    private static void aam(Cpu cpu, Op op) {
        int base = (int) op.immediate & 0xff;
        if (base == 0) {
            throw cpu.fault(0, 0);
        }
        int al = (int) cpu.register(AL, 8);
        cpu.register(AL, 16, al / base << 8 | al % base);
        Alu.or(cpu.s, al % base, 0, 56);
    }

    private static void aad(Cpu cpu, Op op) {
        int base = (int) op.immediate & 0xff;
        int al = (int) cpu.register(AL, 8) + (int) cpu.register(AH, 8) * base & 0xff;
        cpu.register(AL, 16, al);
        Alu.or(cpu.s, al, 0, 56);
    }

    private static void decimal(Cpu cpu, int direction) {
        int old = (int) cpu.register(AL, 8);
        int flags = cpu.arithmeticFlags();
        boolean carry = (flags & Flags.CF) != 0;
        boolean low = (old & 15) > 9 || (flags & Flags.AF) != 0;
        boolean high = old > 0x99 || carry;
        int al = old;
        boolean carryOut = high;
        if (low) {
            al += direction * 6;
            // DAS: a borrow out of the low adjustment counts (SDM vol. 2, DAS)
            carryOut |= direction < 0 && old < 6;
        }
        if (high) {
            al += direction * 0x60;
        }
        cpu.register(AL, 8, al);
        Alu.or(cpu.s, al & 0xff, 0, 56);
        cpu.arithmeticFlags(Flags.CF | Flags.AF, (carryOut ? Flags.CF : 0) | (low ? Flags.AF : 0));
    }
}
