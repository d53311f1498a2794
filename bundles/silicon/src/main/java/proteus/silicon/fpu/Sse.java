package proteus.silicon.fpu;

import static proteus.silicon.cpu.CpuLayout.MXCSR;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.FloatUnit;
import proteus.silicon.cpu.Raw;
import proteus.x86.format.Cr4;
import proteus.x86.format.ExceptionVector;

/** MXCSR around SIMD floating-point operations (SDM vol. 1, 10.2.3, 11.5). */
final class Sse {
    static final int DAZ = 1 << 6, MASKS = 0x3f << 7, RC = 3 << 13, FTZ = 1 << 15;

    private Sse() {}

    static FloatUnit begin(Cpu cpu) {
        FloatUnit u = cpu.floats;
        int mxcsr = Raw.getInt(cpu.s + MXCSR);
        u.flags = 0;
        u.unmasked = ~mxcsr >> 7 & 0x3f;
        u.rounding = mxcsr >> 13 & 3;
        u.denormalsAreZero = (mxcsr & DAZ) != 0;
        u.flush = (mxcsr & FTZ) != 0;
        u.plain = (mxcsr & (MASKS | RC)) == MASKS;
        u.inexactKnown = (mxcsr & SoftFloat.PE) != 0;
        return u;
    }

    /**
     * Records the flags of all elements. An unmasked exception is a fault that leaves the destination alone: #XM, or #UD if the
     * operating system has not promised to handle that (SDM vol. 1, 11.5.3, 11.5.4).
     */
    static void settle(Cpu cpu, FloatUnit u) {
        int flags = u.flags;
        if (flags == 0) {
            return;
        }
        if ((flags & u.unmasked) != 0) {
            // an unmasked exception of the operands in any element keeps those of the results from being found
            if ((flags & u.unmasked & SoftFloat.PRE_COMPUTATION) != 0) {
                flags &= SoftFloat.PRE_COMPUTATION;
            }
            Raw.putInt(cpu.s + MXCSR, Raw.getInt(cpu.s + MXCSR) | flags);
            if ((cpu.cr4 & Cr4.OSXMMEXCPT) == 0) {
                throw cpu.undefined();
            }
            throw cpu.fault(ExceptionVector.XM, 0);
        }
        Raw.putInt(cpu.s + MXCSR, Raw.getInt(cpu.s + MXCSR) | flags);
    }
}
