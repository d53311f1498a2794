package proteus.x86.decode;

import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Random bytes that look enough like instructions to reach every map. */
final class RandomCode {
    private static final int[] PREFIXES = {0x66, 0x67, 0xF2, 0xF3, 0x2E, 0x36, 0x3E, 0x26, 0x64, 0x65, 0xF0, 0x48, 0x41, 0x44, 0x4F};
    private final RandomGenerator random;

    RandomCode(long seed) {
        random = RandomGeneratorFactory.<RandomGenerator>of("L64X128MixRandom").create(seed);
    }

    /** Fills 16 bytes with up to three prefixes, an opcode of some map, and noise. */
    void next(byte[] bytes) {
        random.nextBytes(bytes);
        int at = 0;
        while (at < 3 && random.nextInt(3) == 0) {
            bytes[at++] = (byte) PREFIXES[random.nextInt(PREFIXES.length)];
        }
        switch (random.nextInt(8)) {
            case 0, 1 -> bytes[at] = 0x0F;
            case 2 -> {
                bytes[at] = 0x0F;
                bytes[at + 1] = 0x38;
            }
            case 3 -> {
                bytes[at] = 0x0F;
                bytes[at + 1] = 0x3A;
            }
            case 4 -> bytes[at] = (byte) 0xC5;
            case 5 -> {
                bytes[at] = (byte) 0xC4;
                bytes[at + 1] = (byte) (bytes[at + 1] & 0xE0 | 1 + random.nextInt(3));
            }
            default -> { }
        }
    }
}
