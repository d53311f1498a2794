package proteus.conform.cases;

/**
 * Encodings that the decoder does not know and a processor younger than it may: their #UD is not promised. EVEX (only as far as the model's
 * CPUID has AVX-512), XOP and AMX space, and what the manual has added or reserved for extensions in the maps 0F, 0F38 and 0F3A under VEX.
 */
final class Reserved {
    private Reserved() {}

    static boolean mayBeDefined(byte[] bytes) {
        int at = 0;
        while (true) {
            int b = bytes[at] & 0xff;
            boolean prefix = b == 0x66 || b == 0x67 || b == 0x26 || b == 0x2e || b == 0x36 || b == 0x3e || b == 0x64 || b == 0x65 || b == 0xf0 || b == 0xf2 || b == 0xf3
                || (b & 0xf0) == 0x40;
            if (!prefix) {
                return b == 0x62 || b == 0xc4 || b == 0xc5 || b == 0xd5 || b == 0x8f;
            }
            if (++at == 15) {
                return false;
            }
        }
    }
}
