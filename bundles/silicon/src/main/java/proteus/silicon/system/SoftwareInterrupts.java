package proteus.silicon.system;

import static proteus.silicon.cpu.Cpu.TR;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Mnemonic;
import proteus.x86.format.Cr4;
import proteus.x86.format.ExceptionVector;
import proteus.x86.format.SegmentDescriptor;
import proteus.x86.format.Tss32;

/** INT n, INT3, INTO, INT1 (SDM vol. 2, INT n), with the virtual-8086 mode extensions (SDM 3B, 20.3). */
public final class SoftwareInterrupts {
    private SoftwareInterrupts() {}

    public static void register(HandlerTable t) {
        t.putEnding(Mnemonic.INT, SoftwareInterrupts::interrupt);
        t.putEnding(Mnemonic.INT3, (cpu, op) -> deliver(cpu, op, ExceptionVector.BP, Delivery.SOFTWARE_EXCEPTION));
        t.putEnding(Mnemonic.INT1, (cpu, op) -> deliver(cpu, op, ExceptionVector.DB, Delivery.PRIVILEGED_SOFTWARE));
        t.putEnding(Mnemonic.INTO, SoftwareInterrupts::into);
    }

    private static void interrupt(Cpu cpu, Op op) {
        int vector = (int) op.immediate & 0xff;
        if (cpu.v8086()) {
            boolean extended = (cpu.cr4 & Cr4.VME) != 0;
            if (extended && redirected(cpu, vector)) {
                toVirtual8086Handler(cpu, vector);
                return;
            }
            if (cpu.iopl() < 3) {
                throw cpu.protection(0);
            }
        }
        deliver(cpu, op, vector, Delivery.SOFTWARE);
    }

    private static void into(Cpu cpu, Op op) {
        if (cpu.code64()) {
            throw cpu.undefined();
        }
        if ((cpu.arithmeticFlags() & Flags.OF) != 0) {
            deliver(cpu, op, ExceptionVector.OF, Delivery.SOFTWARE_EXCEPTION);
        }
    }

    private static void deliver(Cpu cpu, Op op, int vector, int type) {
        cpu.intercepts.exception(cpu, vector, 0, 0, type, op.length);
        cpu.intercepts.delivering(cpu, 1 << 31 | type << 8 | vector, 0, op.length);
        // a fault here leaves through the engine to Events.raise: software interrupts are benign, so nothing combines
        Delivery.deliver(cpu, vector, type, false, 0, cpu.rip(), cpu.rflags());
        cpu.intercepts.delivering(cpu, 0, 0, 0);
    }

    /** The bit of the redirection bitmap, which lies below the I/O map, is clear: the 8086 program's own handler takes it. */
    private static boolean redirected(Cpu cpu, int vector) {
        if ((cpu.rights[TR] & 8) == 0 || cpu.limit[TR] < Tss32.SIZE - 1) {
            throw cpu.protection(0);
        }
        int at = (cpu.mmu.systemRead16(cpu.base[TR] + Tss32.IO_MAP_BASE) & 0xffff) - 32 + vector / 8;
        if (at < 0 || at > cpu.limit[TR] || (cpu.rights[TR] & SegmentDescriptor.UNUSABLE) != 0) {
            throw cpu.protection(0);
        }
        return (cpu.mmu.systemRead8(cpu.base[TR] + at) >>> (vector & 7) & 1) == 0;
    }

    /** With IOPL below 3 the pushed image shows VIF as IF and IOPL 3, and VIF is cleared in place of IF. */
    private static void toVirtual8086Handler(Cpu cpu, int vector) {
        int entry = cpu.mmu.read32(4L * vector);
        long image = cpu.rflags();
        if (cpu.iopl() == 3) {
            Delivery.enterReal(cpu, entry, cpu.rip(), image, Flags.IF | Flags.TF);
        } else {
            image = image & ~(long) Flags.IF | Flags.IOPL | (cpu.flag(Flags.VIF) ? Flags.IF : 0);
            Delivery.enterReal(cpu, entry, cpu.rip(), image, Flags.VIF | Flags.TF);
        }
    }
}
