package proteus.silicon.fpu;

import proteus.silicon.cpu.HandlerTable;

/** All families of this package. */
public final class FpuFamilies {
    private FpuFamilies() {}

    public static void register(HandlerTable t) {
        X87Control.register(t);
        X87Image.register(t);
        FxImage.register(t);
        X87Transfer.register(t);
        X87Integer.register(t);
        X87Compare.register(t);
        X87Partial.register(t);
        X87Arithmetic.register(t);
        X87Transcendental.register(t);
        SimdMove.register(t);
        SimdInteger.register(t);
        SimdShuffle.register(t);
        SimdFloat.register(t);
        SimdFloatCompare.register(t);
        SimdConvert.register(t);
        Approximations.register(t);
        XsaveArea.register(t);
        Sse3.register(t);
        Ssse3.register(t);
        Sse41.register(t);
        Sse41Float.register(t);
        Sse42Strings.register(t);
        Crypto.register(t);
        AvxMove.register(t);
        AvxInteger.register(t);
        Gather.register(t);
        HalfFloat.register(t);
        Fma.register(t);
    }
}
