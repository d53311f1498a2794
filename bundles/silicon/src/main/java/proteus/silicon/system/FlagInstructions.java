package proteus.silicon.system;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Mnemonic;
import proteus.x86.format.Cr4;

/** CLI, STI, PUSHF, POPF, CLAC, STAC (SDM vol. 2), with virtual interrupts for v8086 and protected mode (SDM 3B, 20.3 and 20.4). */
final class FlagInstructions {
    /** What POPF takes at every privilege. */
    private static final int ALWAYS = Flags.ARITHMETIC | Flags.TF | Flags.DF | Flags.NT;
    private static final int WIDE = Flags.AC | Flags.ID;
    private static final int STI_SHADOW = 1;

    private FlagInstructions() {}

    static void register(HandlerTable t) {
        t.putEnding(Mnemonic.CLI, FlagInstructions::cli);
        t.putEnding(Mnemonic.STI, FlagInstructions::sti);
        t.put(Mnemonic.PUSHF, FlagInstructions::pushf);
        t.putEnding(Mnemonic.POPF, FlagInstructions::popf);
        t.putEnding(Mnemonic.CLAC, (cpu, op) -> accessCheck(cpu, false));
        t.putEnding(Mnemonic.STAC, (cpu, op) -> accessCheck(cpu, true));
    }

    /** The flag that CLI and STI change here: IF, or VIF under VME or PVI; else #GP(0). */
    private static int interruptFlag(Cpu cpu) {
        if (!cpu.protectedMode() || cpu.cpl <= cpu.iopl()) {
            // v8086 code is CPL 3: IOPL 3 is needed
            return Flags.IF;
        }
        if ((cpu.cr4 & (cpu.v8086() ? Cr4.VME : Cr4.PVI)) != 0 && cpu.cpl == 3) {
            return Flags.VIF;
        }
        throw cpu.protection(0);
    }

    private static void cli(Cpu cpu, Op op) {
        cpu.flag(interruptFlag(cpu), false);
    }

    private static void sti(Cpu cpu, Op op) {
        int flag = interruptFlag(cpu);
        if (flag == Flags.VIF) {
            if (cpu.flag(Flags.VIP)) {
                throw cpu.protection(0);
            }
        } else if (!cpu.flag(Flags.IF)) {
            cpu.interruptibility |= STI_SHADOW;
        }
        cpu.flag(flag, true);
    }

    private static void pushf(Cpu cpu, Op op) {
        long image = cpu.rflags() & ~(long) (Flags.VM | Flags.RF);
        if (cpu.v8086() && cpu.iopl() < 3) {
            if ((cpu.cr4 & Cr4.VME) == 0 || op.operandSize != 16) {
                throw cpu.protection(0);
            }
            image = image & ~(long) Flags.IF | Flags.IOPL | (cpu.flag(Flags.VIF) ? Flags.IF : 0);
        }
        Stack.push(cpu, op.operandSize, image);
    }

    private static void popf(Cpu cpu, Op op) {
        boolean virtual = cpu.v8086() && cpu.iopl() < 3;
        if (virtual && ((cpu.cr4 & Cr4.VME) == 0 || op.operandSize != 16)) {
            throw cpu.protection(0);
        }
        long image = Stack.peek(cpu, 0, op.operandSize);
        int taken = ALWAYS | (op.operandSize == 16 ? 0 : WIDE);
        long kept = cpu.rflags();
        if (virtual) {
            if ((image & Flags.TF) != 0 || (image & Flags.IF) != 0 && cpu.flag(Flags.VIP)) {
                throw cpu.protection(0);
            }
            kept = kept & ~(long) Flags.VIF | ((image & Flags.IF) != 0 ? Flags.VIF : 0);
        } else if (!cpu.protectedMode() || cpu.cpl == 0) {
            taken |= Flags.IF | Flags.IOPL;
        } else if (cpu.cpl <= cpu.iopl()) {
            taken |= Flags.IF;
        }
        Stack.move(cpu, op.operandSize >> 3);
        int cleared = op.operandSize == 16 ? 0 : Flags.RF;
        cpu.rflags(kept & ~(long) (taken | cleared) | image & taken);
    }

    private static void accessCheck(Cpu cpu, boolean allow) {
        if (cpu.cpl != 0) {
            throw cpu.undefined();
        }
        cpu.flag(Flags.AC, allow);
    }
}
