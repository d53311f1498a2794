package proteus.x86.decode;

/** Decodes one instruction at a time. Stateless, allocates nothing, any thread may call it. */
public final class Decoder {
    /** What {@link #decode} returns for an instruction of more than 15 bytes, which is #GP(0) and not #UD (SDM vol. 2, 2.3.11). */
    public static final int TOO_LONG = 0;

    private Decoder() {
    }

    /**
     * Decodes the instruction that starts at offset 0 of the source. Bytes are fetched in order, each once, and none past the
     * end of the instruction, so a source may fault exactly where the processor would.
     *
     * @param mode code size: 16, 32 or 64
     * @param out receives the instruction. Mnemonic {@link Mnemonic#INVALID} means #UD; its length then counts the bytes looked at
     * @return the length in bytes, or {@link #TOO_LONG} (with mnemonic INVALID and length 0)
     */
    public static int decode(CodeSource source, int mode, Instruction out) {
        throw new UnsupportedOperationException("decoder not landed yet");
    }
}
