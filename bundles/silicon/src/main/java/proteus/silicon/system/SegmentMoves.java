package proteus.silicon.system;

import static proteus.silicon.cpu.Cpu.CS;
import static proteus.silicon.cpu.Cpu.FS;
import static proteus.silicon.cpu.Cpu.GS;
import static proteus.silicon.cpu.Cpu.SS;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;
import proteus.x86.format.Cr4;

/** MOV, PUSH, POP of segment registers, far pointer loads, and the FS and GS bases (SDM vol. 2). */
public final class SegmentMoves {
    private SegmentMoves() {}

    public static void register(HandlerTable t) {
        t.putSegmentForm(Mnemonic.MOV, SegmentMoves::move);
        t.putSegmentForm(Mnemonic.PUSH, SegmentMoves::push);
        t.putSegmentForm(Mnemonic.POP, SegmentMoves::pop);
        t.putEnding(Mnemonic.LES, (cpu, op) -> loadPointer(cpu, op, Cpu.ES));
        t.putEnding(Mnemonic.LDS, (cpu, op) -> loadPointer(cpu, op, Cpu.DS));
        t.putEnding(Mnemonic.LSS, (cpu, op) -> loadPointer(cpu, op, SS));
        t.putEnding(Mnemonic.LFS, (cpu, op) -> loadPointer(cpu, op, FS));
        t.putEnding(Mnemonic.LGS, (cpu, op) -> loadPointer(cpu, op, GS));
        t.putEnding(Mnemonic.SWAPGS, SegmentMoves::swapGs);
        t.put(Mnemonic.RDFSBASE, (cpu, op) -> readBase(cpu, op, FS));
        t.put(Mnemonic.RDGSBASE, (cpu, op) -> readBase(cpu, op, GS));
        t.put(Mnemonic.WRFSBASE, (cpu, op) -> writeBase(cpu, op, FS));
        t.put(Mnemonic.WRGSBASE, (cpu, op) -> writeBase(cpu, op, GS));
    }

    static void move(Cpu cpu, Op op) {
        if (op.k0 == Instruction.SEGMENT) {
            if (op.r0 == CS || op.r0 > GS) {
                throw cpu.undefined();
            }
            int selector = (int) cpu.readOperand(op, op.k1, op.r1, 16);
            Segments.load(cpu, op.r0, selector);
            shadow(cpu, op.r0);
        } else {
            if (op.r1 > GS) {
                throw cpu.undefined();
            }
            // a register takes the selector zero-extended to the operand size, memory 16 bits
            int bits = op.k0 == Instruction.MEMORY ? 16 : op.operandSize == 8 ? 16 : op.operandSize;
            cpu.writeOperand(op, op.k0, op.r0, bits, cpu.selector[op.r1]);
        }
    }

    /** A 32-bit push of a selector writes 16 bits and leaves the rest of the slot, as "all recent Intel Core" do (SDM vol. 2, PUSH). */
    static void push(Cpu cpu, Op op) {
        if (op.operandSize == 32) {
            long at = cpu.gpr(4) - 4 & Stack.mask(cpu.stackSize());
            cpu.mmu.write16(cpu.writeAddress(SS, at, 2, cpu.linearMask()), (short) cpu.selector[op.r0]);
            Stack.move(cpu, -4);
        } else {
            Stack.push(cpu, op.operandSize, cpu.selector[op.r0]);
        }
    }

    /** A pop of a selector reads 16 bits, whatever its operand size. */
    static void pop(Cpu cpu, Op op) {
        long mask = Stack.mask(cpu.stackSize());
        int selector = (int) Stack.peek(cpu, 0, 16);
        Segments.load(cpu, op.r0, selector);
        Stack.setPointer(cpu, cpu.gpr(4) + (op.operandSize >> 3), mask);
        shadow(cpu, op.r0);
    }

    /** A load of SS holds off interrupts and debug traps for one instruction (SDM 3A, 6.8.3). */
    private static void shadow(Cpu cpu, int register) {
        if (register == SS) {
            cpu.interruptibility |= 2;
        }
    }

    private static void loadPointer(Cpu cpu, Op op, int register) {
        long offset = cpu.mmu.read(cpu.readAddress(op, op.operandSize >> 3), op.operandSize);
        int selector = selectorBehindOffset(cpu, op);
        Segments.load(cpu, register, selector);
        cpu.register(op.r0, op.operandSize, offset);
    }

    /** The selector of a far pointer in memory: an access of its own, after that to the offset. */
    static int selectorBehindOffset(Cpu cpu, Op op) {
        return cpu.mmu.read16(cpu.readAddress(op.segment, cpu.effectiveAddress(op) + (op.operandSize >> 3), 2, op.linearMask)) & 0xffff;
    }

    private static void swapGs(Cpu cpu, Op op) {
        if (!cpu.code64()) {
            throw cpu.undefined();
        }
        Checks.ring0(cpu);
        long base = cpu.base[GS];
        cpu.base[GS] = cpu.msrs.kernelGsBase;
        cpu.msrs.kernelGsBase = base;
        cpu.updateSegment(GS);
    }

    private static void checkBaseAccess(Cpu cpu) {
        if (!cpu.code64() || (cpu.cr4 & Cr4.FSGSBASE) == 0) {
            throw cpu.undefined();
        }
    }

    private static void readBase(Cpu cpu, Op op, int register) {
        checkBaseAccess(cpu);
        cpu.register(op.r0, op.operandSize, cpu.base[register]);
    }

    private static void writeBase(Cpu cpu, Op op, int register) {
        checkBaseAccess(cpu);
        long base = cpu.register(op.r0, op.operandSize);
        if (!Segments.canonical(base)) {
            throw cpu.protection(0);
        }
        cpu.base[register] = base;
        cpu.updateSegment(register);
    }
}
