package proteus.silicon.processor;

import static proteus.silicon.cpu.CpuLayout.*;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Raw;

/** x87, SSE and AVX state as an XSAVE image in standard format (SDM vol. 1, 13.4; legacy region as FXSAVE64, table 13-1). */
final class XsaveImage {
    static final int BYTES = 832;
    private static final int HEADER = 512;
    private static final int HIGH_HALVES = 576;

    private XsaveImage() {}

    static byte[] save(Cpu cpu) {
        ByteBuffer image = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        int top = Raw.getShort(cpu.s + FSW) >> 11 & 7;
        int tags = Raw.getShort(cpu.s + FTW) & 0xffff;
        int abridged = 0;
        for (int i = 0; i < 8; i++) {
            abridged |= (tags >> 2 * i & 3) != 3 ? 1 << i : 0;
        }
        image.putShort(0, Raw.getShort(cpu.s + FCW)).putShort(2, Raw.getShort(cpu.s + FSW)).put(4, (byte) abridged).putShort(6, Raw.getShort(cpu.s + FOP));
        image.putLong(8, cpu.get(FIP)).putLong(16, cpu.get(FDP)).putInt(24, Raw.getInt(cpu.s + MXCSR)).putInt(28, 0xffff);
        for (int i = 0; i < 8; i++) {
            int physical = X87 + 16 * (top + i & 7);
            image.putLong(32 + 16 * i, cpu.get(physical)).putShort(40 + 16 * i, Raw.getShort(cpu.s + physical + 8));
        }
        for (int i = 0; i < 16; i++) {
            int register = XMM + 32 * i;
            image.putLong(160 + 16 * i, cpu.get(register)).putLong(168 + 16 * i, cpu.get(register + 8));
            image.putLong(HIGH_HALVES + 16 * i, cpu.get(register + 16)).putLong(HIGH_HALVES + 8 + 16 * i, cpu.get(register + 24));
        }
        return image.putLong(HEADER, 7).array();
    }

    static void load(Cpu cpu, byte[] bytes) {
        if (bytes.length < BYTES) {
            throw new IllegalArgumentException("an XSAVE image has %d bytes, not %d".formatted(BYTES, bytes.length));
        }
        ByteBuffer image = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int fsw = image.getShort(2);
        int top = fsw >> 11 & 7;
        Raw.putShort(cpu.s + FCW, image.getShort(0));
        Raw.putShort(cpu.s + FSW, (short) fsw);
        Raw.putShort(cpu.s + FOP, image.getShort(6));
        cpu.put(FIP, image.getLong(8));
        cpu.put(FDP, image.getLong(16));
        Raw.putInt(cpu.s + MXCSR, image.getInt(24));
        int abridged = image.get(4);
        int tags = 0;
        for (int i = 0; i < 8; i++) {
            int physical = top + i & 7;
            long significand = image.getLong(32 + 16 * i);
            short exponent = image.getShort(40 + 16 * i);
            cpu.put(X87 + 16 * physical, significand);
            Raw.putShort(cpu.s + X87 + 16 * physical + 8, exponent);
            tags |= ((abridged >> physical & 1) == 0 ? 3 : tag(significand, exponent & 0x7fff)) << 2 * physical;
        }
        Raw.putShort(cpu.s + FTW, (short) tags);
        for (int i = 0; i < 16; i++) {
            int register = XMM + 32 * i;
            cpu.put(register, image.getLong(160 + 16 * i));
            cpu.put(register + 8, image.getLong(168 + 16 * i));
            cpu.put(register + 16, image.getLong(HIGH_HALVES + 16 * i));
            cpu.put(register + 24, image.getLong(HIGH_HALVES + 8 + 16 * i));
        }
    }

    /** Tag of a register that is not empty: 0 valid, 1 zero, 2 special (SDM vol. 1, 8.1.7). */
    private static int tag(long significand, int exponent) {
        if (exponent == 0 && significand == 0) {
            return 1;
        }
        return exponent == 0 || exponent == 0x7fff || significand >= 0 ? 2 : 0;
    }
}
