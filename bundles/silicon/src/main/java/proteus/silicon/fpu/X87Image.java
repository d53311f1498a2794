package proteus.silicon.fpu;

import static proteus.silicon.cpu.CpuLayout.FCS;
import static proteus.silicon.cpu.CpuLayout.FCW;
import static proteus.silicon.cpu.CpuLayout.FDP;
import static proteus.silicon.cpu.CpuLayout.FDS;
import static proteus.silicon.cpu.CpuLayout.FIP;
import static proteus.silicon.cpu.CpuLayout.FOP;
import static proteus.silicon.cpu.CpuLayout.FSW;
import static proteus.silicon.cpu.CpuLayout.FTW;
import static proteus.silicon.cpu.CpuLayout.X87;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.Mnemonic;

/** FNSTENV, FLDENV, FNSAVE, FRSTOR: the x87 state in its four formats, 16 or 32 bits, protected or real (SDM vol. 1, 8.1.10). */
final class X87Image {
    private X87Image() {}

    static void register(HandlerTable t) {
        t.put(Mnemonic.FNSTENV, X87Image::storeEnvironment);
        t.put(Mnemonic.FLDENV, X87Image::loadEnvironment);
        t.put(Mnemonic.FNSAVE, X87Image::save);
        t.put(Mnemonic.FRSTOR, X87Image::restore);
    }

    private static int environmentBytes(Op op) {
        return op.operandSize == 16 ? 14 : 28;
    }

    private static void storeEnvironment(Cpu cpu, Op op) {
        Guard.x87NoWait(cpu);
        int bytes = environmentBytes(op);
        long at = cpu.writeAddress(op, bytes);
        probe(cpu, op, at, bytes, true);
        writeEnvironment(cpu, op, at);
        Raw.putShort(cpu.s + FCW, (short) (Raw.getShort(cpu.s + FCW) | 0x3f));
        Guard.summarize(cpu);
    }

    private static void loadEnvironment(Cpu cpu, Op op) {
        Guard.x87(cpu);
        int bytes = environmentBytes(op);
        long at = cpu.readAddress(op, bytes);
        probe(cpu, op, at, bytes, false);
        readEnvironment(cpu, op, at);
    }

    private static void save(Cpu cpu, Op op) {
        Guard.x87NoWait(cpu);
        int head = environmentBytes(op);
        long at = cpu.writeAddress(op, head + 80);
        probe(cpu, op, at, head + 80, true);
        writeEnvironment(cpu, op, at);
        int top = Raw.getShort(cpu.s + FSW) >> 11 & 7;
        for (int i = 0; i < 8; i++) {
            long register = cpu.s + X87 + 16 * (top + i & 7);
            long to = at + head + 10 * i;
            cpu.mmu.writePart(to & cpu.linearMask(), 64, Raw.getLong(register));
            cpu.mmu.writePart(to + 8 & cpu.linearMask(), 16, Raw.getShort(register + 8));
        }
        X87Control.initialize(cpu);
    }

    private static void restore(Cpu cpu, Op op) {
        Guard.x87(cpu);
        int head = environmentBytes(op);
        long at = cpu.readAddress(op, head + 80);
        probe(cpu, op, at, head + 80, false);
        readEnvironment(cpu, op, at);
        int top = Raw.getShort(cpu.s + FSW) >> 11 & 7;
        for (int i = 0; i < 8; i++) {
            long register = cpu.s + X87 + 16 * (top + i & 7);
            long from = at + head + 10 * i;
            Raw.putLong(register, cpu.mmu.readPart(from & cpu.linearMask(), 64));
            Raw.putShort(register + 8, (short) cpu.mmu.readPart(from + 8 & cpu.linearMask(), 16));
        }
    }

    /** The image is aligned to its smallest unit (SDM 3A, table 6-7). Processors look at the first unit, then at the last byte, and CR2 shows it. */
    private static void probe(Cpu cpu, Op op, long at, int bytes, boolean write) {
        int unit = op.operandSize == 16 ? 2 : 4;
        long last = at + bytes - 1 & cpu.linearMask();
        cpu.mmu.checkAlignment(at, unit);
        if (write) {
            cpu.mmu.probeWrite(at, unit);
            cpu.mmu.probeWrite(last, 1);
        } else {
            cpu.mmu.probeRead(at, unit);
            cpu.mmu.probeRead(last, 1);
        }
    }

    private static void writeEnvironment(Cpu cpu, Op op, long at) {
        long s = cpu.s;
        int control = Raw.getShort(s + FCW) & 0xffff;
        int status = Raw.getShort(s + FSW) & 0xffff;
        int tags = shownTags(cpu);
        long instruction = Raw.getLong(s + FIP);
        long data = Raw.getLong(s + FDP);
        int opcode = Raw.getShort(s + FOP) & 0x7ff;
        int codeSelector = Raw.getShort(s + FCS) & 0xffff;
        int dataSelector = Raw.getShort(s + FDS) & 0xffff;
        if (!cpu.descriptorMode()) {
            // linear addresses in place of selector and offset (figures 8-10 and 8-12)
            instruction += (long) codeSelector << 4;
            data += (long) dataSelector << 4;
        }
        if (op.operandSize == 16) {
            half(cpu, at, 0, control);
            half(cpu, at, 2, status);
            half(cpu, at, 4, tags);
            half(cpu, at, 6, (int) instruction);
            half(cpu, at, 8, cpu.descriptorMode() ? codeSelector : (int) (instruction >>> 4 & 0xf000) | opcode);
            half(cpu, at, 10, (int) data);
            half(cpu, at, 12, cpu.descriptorMode() ? dataSelector : (int) (data >>> 4 & 0xf000));
            return;
        }
        word(cpu, at, 0, control | 0xffff0000);
        word(cpu, at, 4, status | 0xffff0000);
        word(cpu, at, 8, tags | 0xffff0000);
        if (cpu.descriptorMode()) {
            word(cpu, at, 12, (int) instruction);
            word(cpu, at, 16, codeSelector | opcode << 16);
            word(cpu, at, 20, (int) data);
            word(cpu, at, 24, dataSelector | 0xffff0000);
        } else {
            word(cpu, at, 12, (int) instruction & 0xffff | 0xffff0000);
            word(cpu, at, 16, (int) (instruction >>> 4 & 0xffff000) | opcode);
            word(cpu, at, 20, (int) data & 0xffff | 0xffff0000);
            word(cpu, at, 24, (int) (data >>> 4 & 0xffff000));
        }
    }

    private static void readEnvironment(Cpu cpu, Op op, long at) {
        long s = cpu.s;
        boolean small = op.operandSize == 16;
        int step = small ? 2 : 4;
        int control = part(cpu, at, 0, small) & 0xffff;
        int status = part(cpu, at, step, small) & 0xffff;
        int tags = part(cpu, at, 2 * step, small) & 0xffff;
        long instruction = part(cpu, at, 3 * step, small) & 0xffffffffL;
        int second = part(cpu, at, 4 * step, small);
        long data = part(cpu, at, 5 * step, small) & 0xffffffffL;
        int fourth = part(cpu, at, 6 * step, small);
        if (cpu.descriptorMode()) {
            // the 16-bit image has no room for the opcode
            Raw.putShort(s + FOP, (short) (small ? 0 : second >>> 16 & 0x7ff));
        } else {
            Raw.putShort(s + FOP, (short) (second & 0x7ff));
            long high = small ? (second & 0xf000L) << 4 : (second & 0x0ffff000L) << 4;
            long dataHigh = small ? (fourth & 0xf000L) << 4 : (fourth & 0x0ffff000L) << 4;
            instruction = instruction & 0xffff | high;
            data = data & 0xffff | dataHigh;
        }
        Raw.putLong(s + FIP, instruction);
        Raw.putLong(s + FDP, data);
        Raw.putShort(s + FCS, (short) 0);
        Raw.putShort(s + FDS, (short) 0);
        Raw.putShort(s + FTW, (short) FxImage.full((int) FxImage.abridged(tags)));
        Raw.putShort(s + FSW, (short) status);
        X87Control.control(cpu, control);
    }

    /** The tag word as FNSTENV shows it: what a register holds decides, its place counts from R0 (SDM vol. 1, 8.1.7). */
    static int shownTags(Cpu cpu) {
        int tags = Raw.getShort(cpu.s + FTW) & 0xffff;
        int shown = 0;
        for (int i = 0; i < 8; i++) {
            int tag = 3;
            if ((tags >>> 2 * i & 3) != 3) {
                long significand = Raw.getLong(cpu.s + X87 + 16 * i);
                int exponent = Raw.getShort(cpu.s + X87 + 16 * i + 8) & 0x7fff;
                tag = exponent == 0 && significand == 0 ? 1 : exponent == 0 || exponent == 0x7fff || significand >= 0 ? 2 : 0;
            }
            shown |= tag << 2 * i;
        }
        return shown;
    }

    private static void half(Cpu cpu, long at, int offset, int value) {
        cpu.mmu.write16(at + offset & cpu.linearMask(), (short) value);
    }

    private static void word(Cpu cpu, long at, int offset, int value) {
        cpu.mmu.write32(at + offset & cpu.linearMask(), value);
    }

    private static int part(Cpu cpu, long at, int offset, boolean small) {
        long from = at + offset & cpu.linearMask();
        return small ? cpu.mmu.read16(from) & 0xffff : cpu.mmu.read32(from);
    }
}
