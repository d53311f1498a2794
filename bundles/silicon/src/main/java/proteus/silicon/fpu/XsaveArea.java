package proteus.silicon.fpu;

import static proteus.silicon.cpu.CpuLayout.FCW;
import static proteus.silicon.cpu.CpuLayout.FDP;
import static proteus.silicon.cpu.CpuLayout.FIP;
import static proteus.silicon.cpu.CpuLayout.FOP;
import static proteus.silicon.cpu.CpuLayout.FSW;
import static proteus.silicon.cpu.CpuLayout.FTW;
import static proteus.silicon.cpu.CpuLayout.MXCSR;
import static proteus.silicon.cpu.CpuLayout.X87;
import static proteus.silicon.cpu.CpuLayout.XMM;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.Mnemonic;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.ExceptionVector;
import proteus.x86.format.Xcr0;

/**
 * XSAVE, XSAVEOPT, XSAVEC, XSAVES, XRSTOR and XRSTORS of x87, SSE and AVX state (SDM vol. 1, 13.4 to 13.12). There are no
 * supervisor components, so IA32_XSS is 0 and the S forms are the C forms for ring 0. The init optimization is done, the
 * modified optimization is not: that is the implementation's choice (13.9).
 */
final class XsaveArea {
    private static final int HEADER = 512, XCOMP_BV = 520, RESERVED = 528, EXTENDED = 576, AVX_BYTES = 256;
    private static final long COMPACTED = 1L << 63;
    private static final int RAX = 0, RDX = 2;
    private static final int MXCSR_INIT = 0x1f80;

    private XsaveArea() {}

    static void register(HandlerTable t) {
        t.put(Mnemonic.XSAVE, (c, o) -> save(c, o, false, false));
        t.put(Mnemonic.XSAVEOPT, (c, o) -> save(c, o, true, false));
        t.put(Mnemonic.XSAVEC, (c, o) -> save(c, o, true, true));
        t.put(Mnemonic.XSAVES, (c, o) -> {
            supervisor(c);
            save(c, o, true, true);
        });
        t.put(Mnemonic.XRSTOR, XsaveArea::restore);
        t.put(Mnemonic.XRSTORS, (c, o) -> {
            supervisor(c);
            restore(c, o);
        });
    }

    private static void check(Cpu cpu) {
        if ((cpu.cr4 & Cr4.OSXSAVE) == 0) {
            throw cpu.undefined();
        }
        if ((cpu.cr0 & Cr0.TS) != 0) {
            throw cpu.fault(ExceptionVector.NM, 0);
        }
    }

    private static void supervisor(Cpu cpu) {
        check(cpu);
        if (cpu.cpl != 0) {
            throw cpu.protection(0);
        }
    }

    /** The requested-feature bitmap: EDX:EAX of what XCR0 enables. */
    private static long requested(Cpu cpu) {
        return (cpu.gpr(RDX) << 32 | cpu.gpr32(RAX) & 0xffffffffL) & cpu.xcr0;
    }

    /** XINUSE: the components that are not in their initial configuration (13.6). */
    private static long inUse(Cpu cpu) {
        long s = cpu.s;
        boolean x87 = Raw.getShort(s + FCW) != 0x37f || Raw.getShort(s + FSW) != 0 || Raw.getShort(s + FTW) != -1 || Raw.getShort(s + FOP) != 0
            || Raw.getLong(s + FIP) != 0 || Raw.getLong(s + FDP) != 0;
        for (int i = 0; i < 8; i++) {
            x87 |= (Raw.getLong(s + X87 + 16 * i) | Raw.getShort(s + X87 + 16 * i + 8)) != 0;
        }
        // outside 64-bit mode only the first eight registers count
        int registers = cpu.code64() ? 16 : 8;
        long sse = 0;
        long avx = 0;
        for (int i = 0; i < registers; i++) {
            long at = s + XMM + 32 * i;
            sse |= Raw.getLong(at) | Raw.getLong(at + 8);
            avx |= Raw.getLong(at + 16) | Raw.getLong(at + 24);
        }
        return (x87 ? Xcr0.X87 : 0) | (sse != 0 ? Xcr0.SSE : 0) | (avx != 0 ? Xcr0.AVX : 0);
    }

    private static long next(Cpu cpu, long at, int offset) {
        return at + offset & cpu.linearMask();
    }

    private static void save(Cpu cpu, Op op, boolean optimized, boolean compacted) {
        check(cpu);
        long requested = requested(cpu);
        int bytes = (requested & Xcr0.AVX) != 0 ? EXTENDED + AVX_BYTES : EXTENDED;
        long at = cpu.writeAddress(op, bytes);
        if ((at & 63) != 0) {
            throw cpu.protection(0);
        }
        cpu.mmu.probeWrite(at, bytes);
        long inUse = inUse(cpu);
        if (compacted && Raw.getInt(cpu.s + MXCSR) != MXCSR_INIT) {
            // XSAVEC counts MXCSR as a part of the SSE component
            inUse |= Xcr0.SSE;
        }
        long saved = optimized ? requested & inUse : requested;
        if ((saved & Xcr0.X87) != 0) {
            FxImage.saveX87(cpu, at, op.operandSize == 64);
        }
        int registers = op.mode == 64 ? 16 : 8;
        if (compacted ? (saved & Xcr0.SSE) != 0 : (requested & (Xcr0.SSE | Xcr0.AVX)) != 0) {
            FxImage.saveMxcsr(cpu, at);
        }
        if ((saved & Xcr0.SSE) != 0) {
            FxImage.saveXmm(cpu, at, registers);
        }
        if ((saved & Xcr0.AVX) != 0) {
            for (int i = 0; i < registers; i++) {
                cpu.mmu.write64(next(cpu, at, EXTENDED + 16 * i), Raw.getLong(cpu.s + XMM + 32 * i + 16));
                cpu.mmu.write64(next(cpu, at, EXTENDED + 16 * i + 8), Raw.getLong(cpu.s + XMM + 32 * i + 24));
            }
        }
        if (compacted) {
            cpu.mmu.write64(next(cpu, at, HEADER), requested & inUse);
            cpu.mmu.write64(next(cpu, at, XCOMP_BV), requested | COMPACTED);
        } else {
            long old = cpu.mmu.read64(next(cpu, at, HEADER));
            cpu.mmu.write64(next(cpu, at, HEADER), old & ~requested | requested & inUse);
        }
    }

    private static void restore(Cpu cpu, Op op) {
        check(cpu);
        long requested = requested(cpu);
        int bytes = (requested & Xcr0.AVX) != 0 ? EXTENDED + AVX_BYTES : EXTENDED;
        long at = cpu.readAddress(op, bytes);
        if ((at & 63) != 0) {
            throw cpu.protection(0);
        }
        cpu.mmu.probeRead(at, bytes);
        long present = cpu.mmu.read64(next(cpu, at, HEADER));
        long layout = cpu.mmu.read64(next(cpu, at, XCOMP_BV));
        boolean compacted = layout < 0;
        if (op.mnemonic == Mnemonic.XRSTORS && !compacted) {
            throw cpu.protection(0);
        }
        checkHeader(cpu, at, present, layout, compacted);
        boolean withMxcsr = compacted ? (requested & present & Xcr0.SSE) != 0 : (requested & (Xcr0.SSE | Xcr0.AVX)) != 0;
        int mxcsr = withMxcsr ? cpu.mmu.read32(next(cpu, at, 24)) : MXCSR_INIT;
        if ((mxcsr & ~X87Control.MXCSR_MASK) != 0) {
            throw cpu.protection(0);
        }
        int registers = op.mode == 64 ? 16 : 8;
        if ((requested & present & Xcr0.X87) != 0) {
            FxImage.restoreX87(cpu, at, op.operandSize == 64);
        } else if ((requested & Xcr0.X87) != 0) {
            X87Control.initialize(cpu);
            Raw.fill(cpu.s + X87, 128, (byte) 0);
        }
        if (withMxcsr || compacted && (requested & Xcr0.SSE) != 0) {
            Raw.putInt(cpu.s + MXCSR, mxcsr);
        }
        if ((requested & present & Xcr0.SSE) != 0) {
            FxImage.restoreXmm(cpu, at, registers);
        } else if ((requested & Xcr0.SSE) != 0) {
            clear(cpu, 0, registers);
        }
        if ((requested & present & Xcr0.AVX) != 0) {
            for (int i = 0; i < registers; i++) {
                Raw.putLong(cpu.s + XMM + 32 * i + 16, cpu.mmu.read64(next(cpu, at, EXTENDED + 16 * i)));
                Raw.putLong(cpu.s + XMM + 32 * i + 24, cpu.mmu.read64(next(cpu, at, EXTENDED + 16 * i + 8)));
            }
        } else if ((requested & Xcr0.AVX) != 0) {
            clear(cpu, 16, registers);
        }
    }

    /** Clears one half of the vector registers. */
    private static void clear(Cpu cpu, int half, int registers) {
        for (int i = 0; i < registers; i++) {
            Raw.putLong(cpu.s + XMM + 32 * i + half, 0);
            Raw.putLong(cpu.s + XMM + 32 * i + half + 8, 0);
        }
    }

    /** #GP(0) for bits the processor does not know or XCR0 does not enable, and for reserved bytes of the header (13.8, 13.12). */
    private static void checkHeader(Cpu cpu, long at, long present, long layout, boolean compacted) {
        long bad = compacted ? layout & ~COMPACTED & ~cpu.xcr0 | present & ~layout : present & ~cpu.xcr0 | layout;
        int reserved = compacted ? 48 : 8;
        for (int i = 0; i < reserved; i += 8) {
            bad |= cpu.mmu.read64(next(cpu, at, RESERVED + i));
        }
        if (bad != 0) {
            throw cpu.protection(0);
        }
    }
}
