package proteus.silicon.fpu;

import static proteus.silicon.cpu.CpuLayout.FCW;
import static proteus.silicon.cpu.CpuLayout.FSW;
import static proteus.silicon.cpu.CpuLayout.FTW;
import static proteus.silicon.cpu.CpuLayout.X87;

import proteus.silicon.cpu.Raw;

/**
 * The x87 registers between the processor's struct and an image of FXSAVE (SDM vol. 1, table 10-2), for an engine that executes
 * x87 instructions on the host's own unit. The pointers are not in it: the host's are those of the host's code.
 */
public final class HostImage {
    /** Where MXCSR stands in it, and a value that it may always have. */
    public static final int MXCSR = 24, PLAIN_MXCSR = 0x1f80;
    private static final int STATUS = 2, TAGS = 4, REGISTERS = 32;

    private HostImage() {}

    /** Whether all that the unit can do in this state is execute: nothing unmasked is pending or can come up. */
    public static boolean quiet(long s) {
        return (Raw.getShort(s + FCW) & 0x3f) == 0x3f && (Raw.getShort(s + FSW) & Guard.ES) == 0;
    }

    /** Makes an image of the registers of the struct at {@code s}. */
    public static void make(long s, long image) {
        int status = Raw.getShort(s + FSW);
        Raw.putShort(image, Raw.getShort(s + FCW));
        Raw.putShort(image + STATUS, (short) status);
        Raw.putShort(image + TAGS, (short) FxImage.abridged(Raw.getShort(s + FTW)));
        for (int i = 0; i < 8; i++) {
            long register = s + X87 + 16 * ((status >> 11) + i & 7);
            Raw.putLong(image + REGISTERS + 16 * i, Raw.getLong(register));
            Raw.putLong(image + REGISTERS + 16 * i + 8, Raw.getLong(register + 8));
        }
    }

    /** Takes the registers from an image. */
    public static void take(long s, long image) {
        int status = Raw.getShort(image + STATUS);
        Raw.putShort(s + FCW, Raw.getShort(image));
        Raw.putShort(s + FSW, (short) status);
        Raw.putShort(s + FTW, (short) FxImage.full(Raw.getByte(image + TAGS) & 0xff));
        for (int i = 0; i < 8; i++) {
            long register = s + X87 + 16 * ((status >> 11) + i & 7);
            Raw.putLong(register, Raw.getLong(image + REGISTERS + 16 * i));
            Raw.putShort(register + 8, Raw.getShort(image + REGISTERS + 16 * i + 8));
        }
    }
}
