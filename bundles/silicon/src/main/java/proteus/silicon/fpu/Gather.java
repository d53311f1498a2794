package proteus.silicon.fpu;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/**
 * The gathers of AVX2 (SDM vol. 2, VPGATHERDD). An element that has been loaded is in the destination and its mask cleared before
 * the next one may fault, so that the instruction goes on where it stopped.
 */
final class Gather {
    private Gather() {}

    static void register(HandlerTable t) {
        t.put(Mnemonic.VPGATHERDD, (c, o) -> gather(c, o, 4, 4));
        t.put(Mnemonic.VGATHERDPS, (c, o) -> gather(c, o, 4, 4));
        t.put(Mnemonic.VPGATHERDQ, (c, o) -> gather(c, o, 4, 8));
        t.put(Mnemonic.VGATHERDPD, (c, o) -> gather(c, o, 4, 8));
        t.put(Mnemonic.VPGATHERQD, (c, o) -> gather(c, o, 8, 4));
        t.put(Mnemonic.VGATHERQPS, (c, o) -> gather(c, o, 8, 4));
        t.put(Mnemonic.VPGATHERQQ, (c, o) -> gather(c, o, 8, 8));
        t.put(Mnemonic.VGATHERQPD, (c, o) -> gather(c, o, 8, 8));
    }

    /** Sizes in bytes. The destination is operand 0, memory 1, the mask 2. */
    private static void gather(Cpu cpu, Op op, int index, int element) {
        Guard.avx(cpu);
        long to = cpu.s + op.r0;
        long mask = cpu.s + op.r2;
        long indices = cpu.s + op.second;
        int count = Simd.bytes(op) / Math.max(index, element);
        for (int i = 0; i < count; i++) {
            // the whole element of the mask becomes its top bit
            Raw.putInt(mask + element * i, Raw.getByte(mask + element * (i + 1) - 1) >> 7);
            if (element == 8) {
                Raw.putInt(mask + 8 * i + 4, Raw.getInt(mask + 8 * i + 4) >> 31);
            }
        }
        long base = Raw.getLong(cpu.s + op.base) + op.displacement;
        for (int i = 0; i < count; i++) {
            if (Raw.getInt(mask + element * i) == 0) {
                continue;
            }
            long scaled = (index == 4 ? Raw.getInt(indices + 4 * i) : Raw.getLong(indices + 8 * i)) << op.shift;
            long at = cpu.readAddress(op.segment, base + scaled & op.addressMask, element, op.linearMask);
            long value = cpu.mmu.readPart(at, 8 * element);
            if (element == 4) {
                Raw.putInt(to + 4 * i, (int) value);
                Raw.putInt(mask + 4 * i, 0);
            } else {
                Raw.putLong(to + 8 * i, value);
                Raw.putLong(mask + 8 * i, 0);
            }
        }
        int bytes = op.k0 == Instruction.YMM ? 32 : count * element;
        Raw.fill(mask, 32, (byte) 0);
        Raw.fill(to + bytes, 32 - bytes, (byte) 0);
    }
}
