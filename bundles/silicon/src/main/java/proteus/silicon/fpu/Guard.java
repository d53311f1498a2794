package proteus.silicon.fpu;

import static proteus.silicon.cpu.CpuLayout.FCW;
import static proteus.silicon.cpu.CpuLayout.FSW;
import static proteus.silicon.cpu.CpuLayout.FTW;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.ExceptionVector;
import proteus.x86.format.Xcr0;

/** What every instruction of a family checks before anything else (SDM vol. 2, 2.5 and 2.6; SDM vol. 1, 8.3.1, 11.2; SDM 3A, 2.5). */
final class Guard {
    /** FSW.ES: an unmasked exception is pending. */
    static final int ES = 1 << 7;
    static final int BUSY = 1 << 15;

    private Guard() {}

    /** SSE: #UD if CR0.EM or no CR4.OSFXSR; #NM if CR0.TS. */
    static void sse(Cpu cpu) {
        if ((cpu.cr0 & (Cr0.EM | Cr0.TS) | ~cpu.cr4 & Cr4.OSFXSR) != 0) {
            if ((cpu.cr0 & Cr0.EM) != 0 || (cpu.cr4 & Cr4.OSFXSR) == 0) {
                throw cpu.undefined();
            }
            throw cpu.fault(ExceptionVector.NM, 0);
        }
    }

    /** A vector instruction in either encoding. */
    static void vector(Cpu cpu, Op op) {
        if (op.vectorLength == 0) {
            sse(cpu);
        } else {
            avx(cpu);
        }
    }

    /** VEX: #UD outside protected mode or unless the operating system saves YMM state; #NM if CR0.TS. CR0.EM and CR4.OSFXSR do not matter (SDM vol. 2, 2.4). */
    static void avx(Cpu cpu) {
        long vector = Xcr0.SSE | Xcr0.AVX;
        if ((~cpu.cr4 & Cr4.OSXSAVE | ~cpu.xcr0 & vector) != 0 || !cpu.descriptorMode()) {
            throw cpu.undefined();
        }
        if ((cpu.cr0 & Cr0.TS) != 0) {
            throw cpu.fault(ExceptionVector.NM, 0);
        }
    }

    /** x87 instructions that do not wait (FNxxx): #NM if CR0.EM or CR0.TS. */
    static void x87NoWait(Cpu cpu) {
        if ((cpu.cr0 & (Cr0.EM | Cr0.TS)) != 0) {
            throw cpu.fault(ExceptionVector.NM, 0);
        }
    }

    /** x87 instructions: as above, and #MF if an unmasked exception is pending. */
    static void x87(Cpu cpu) {
        if ((cpu.cr0 & (Cr0.EM | Cr0.TS) | Raw.getShort(cpu.s + FSW) & ES) != 0) {
            x87NoWait(cpu);
            pending(cpu);
        }
    }

    /**
     * #MF for a pending unmasked exception. With CR0.NE clear the processor raises FERR# instead (SDM vol. 1, 8.7.2), which
     * this machine has no pin for: such a program goes on.
     */
    static void pending(Cpu cpu) {
        if ((Raw.getShort(cpu.s + FSW) & ES) != 0 && (cpu.cr0 & Cr0.NE) != 0) {
            throw cpu.fault(ExceptionVector.MF, 0);
        }
    }

    /** MMX: #UD if CR0.EM, #NM if CR0.TS, #MF if pending. Does not yet change to MMX state: memory operands may fault first. */
    static void mmx(Cpu cpu) {
        if ((cpu.cr0 & (Cr0.EM | Cr0.TS) | Raw.getShort(cpu.s + FSW) & ES) != 0) {
            if ((cpu.cr0 & Cr0.EM) != 0) {
                throw cpu.undefined();
            }
            x87NoWait(cpu);
            pending(cpu);
        }
    }

    /** Every MMX instruction (of which EMMS then empties all): TOP becomes 0 and all tags valid (SDM vol. 1, 9.5.1). */
    static void toMmx(Cpu cpu) {
        long s = cpu.s;
        Raw.putShort(s + FSW, (short) (Raw.getShort(s + FSW) & ~0x3800));
        Raw.putShort(s + FTW, (short) 0);
    }

    /** ES and B follow from flags and masks whenever either changes. */
    static void summarize(Cpu cpu) {
        long s = cpu.s;
        int status = Raw.getShort(s + FSW);
        if ((status & ~Raw.getShort(s + FCW) & 0x3f) != 0) {
            status |= ES | BUSY;
        } else {
            status &= ~(ES | BUSY);
        }
        Raw.putShort(s + FSW, (short) status);
    }
}
