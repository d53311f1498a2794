package proteus.x86.decode;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The rules of decoding that no table shows. */
class DecoderTest {
    private final Instruction in = new Instruction();

    private Instruction decode(int mode, String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
        Decoder.decode(at -> bytes[at] & 0xFF, mode, in);
        return in;
    }

    @ParameterizedTest(name = "{0}-bit {1} is {2}")
    @CsvSource({
        "64, f0 01 c0, INVALID", "64, f0 01 00, ADD", "64, f0 03 00, INVALID", "64, f0 0f b1 08, CMPXCHG", "64, f0 39 08, INVALID", "64, f0 87 08, XCHG",
        "32, 0f 22 c8, INVALID", "32, 0f 22 c0, MOV_CR", "64, 44 0f 22 c0, MOV_CR", "64, 44 0f 22 c8, INVALID", "32, 8e c8, INVALID", "32, 8e d8, MOV",
        "32, 8c c8, MOV", "32, 8c f0, INVALID", "32, c4 00, LES", "64, c4 00 00 00, INVALID", "32, 62 00, BOUND", "64, 62 00 00 00, INVALID",
        "32, 63 c0, ARPL", "64, 63 c0, MOVSXD", "64, 9a, INVALID", "64, ea, INVALID", "64, 06, INVALID", "64, 0f a0, PUSH", "64, 8d c0, INVALID",
        "64, 90, NOP", "64, 41 90, XCHG", "64, f3 90, PAUSE", "64, f3 0f 1e fa, ENDBR64", "64, f3 0f 1e fb, ENDBR32", "64, 0f 1e fa, NOP",
        "64, 66 0f 1f 44 00 00, NOP", "64, 0f 0b, UD2", "64, 0f b9 c0, UD1", "64, 0f ff c0, UD0", "64, 0f bc c0, BSF", "64, f3 0f bc c0, TZCNT",
        "64, f3 0f b8 c0, POPCNT", "64, 0f b8 c0, INVALID", "64, f2 0f 38 f1 c0, CRC32", "64, 66 f2 0f 38 f1 c0, CRC32", "64, 0f 38 f1 00, MOVBE",
        "64, 0f 38 f1 c0, INVALID", "64, 0f c7 08, CMPXCHG8B", "64, 48 0f c7 08, CMPXCHG16B", "64, 0f c7 f0, RDRAND", "64, f3 0f c7 f8, RDPID",
        "64, f3 0f ae c0, RDFSBASE", "32, f3 0f ae c0, INVALID", "64, 0f 01 f8, SWAPGS", "32, 0f 01 f8, INVALID", "64, 0f 01 c1, VMCALL",
        "64, 66 0f 01 c1, VMCALL", "64, 66 0f 38 82 00, INVPCID", "64, 0f 78 c0, VMREAD", "64, 66 0f c7 30, VMCLEAR", "64, f3 0f c7 30, VMXON",
        "64, 0f 6f c0, MOVQ", "64, 66 0f 6f c0, MOVDQA", "64, f3 0f 6f c0, MOVDQU", "64, f2 0f 6f c0, INVALID", "64, 66 f3 0f 6f c0, MOVDQU",
        "64, 48 66 0f 6e c0, MOVD", "64, 66 48 0f 6e c0, MOVQ", "64, 66 c5 f8 77, INVALID", "64, c5 f8 77, VZEROUPPER", "32, c5 f8 77, VZEROUPPER",
        "64, c4 e2 f9 90 04 08, INVALID", "64, c4 e2 f1 90 04 10, VPGATHERDQ"})
    void theMnemonicIs(int mode, String hex, Mnemonic expected) {
        assertEquals(expected, decode(mode, hex).mnemonic);
    }

    @ParameterizedTest(name = "{0}-bit {1}: operand {2}, address {3}")
    @CsvSource({
        "16, 89 00, 16, 16", "16, 66 89 00, 32, 16", "16, 67 89 00, 16, 32", "32, 89 00, 32, 32", "32, 66 89 00, 16, 32", "64, 89 00, 32, 64",
        "64, 48 89 00, 64, 64", "64, 66 48 89 00, 64, 64", "64, 67 89 00, 32, 32", "64, 88 00, 8, 64", "64, 50, 64, 64", "64, 66 50, 16, 64",
        "64, c3, 64, 64", "64, 66 c3, 64, 64", "32, 66 c3, 16, 32", "64, a4, 8, 64", "64, 48 a5, 64, 64", "64, 66 6d, 16, 64", "64, 48 6d, 32, 64",
        "64, 48 cf, 64, 64", "64, cb, 32, 64", "64, ec, 8, 64", "64, 66 0f 6f 00, 32, 64"})
    void theSizesAre(int mode, String hex, int operand, int address) {
        decode(mode, hex);
        assertEquals(operand, in.operandSize);
        assertEquals(address, in.addressSize);
    }

    @Test
    void nearBranchIgnoresOperandSizePrefixIn64BitMode() {
        decode(64, "66 e9 fb ff ff ff");
        assertEquals(6, in.length);
        assertEquals(-5, in.immediate);
        assertEquals(64, in.operandSize);
        assertEquals(4, decode(32, "66 e9 fb ff").length);
    }

    @Test
    void stackIsTheSegmentOfStackBases() {
        assertEquals(2, decode(32, "8b 45 00").segment);
        assertEquals(2, decode(32, "8b 04 24").segment);
        assertEquals(3, decode(32, "8b 04 2d 00 00 00 00").segment);
        assertEquals(2, decode(16, "8b 42 00").segment);
        assertEquals(3, decode(16, "8b 06 34 12").segment);
        assertEquals(0, decode(32, "26 8b 45 00").segment);
        assertEquals(2, decode(64, "26 8b 45 00").segment);
        assertEquals(4, decode(64, "64 26 8b 45 00").segment);
    }

    @Test
    void ripIsABaseOnlyIn64BitModeAndWithoutSib() {
        assertEquals(Instruction.RIP, decode(64, "8b 05 10 00 00 00").base);
        assertEquals(16, in.displacement);
        assertEquals(Instruction.NO_REGISTER, decode(64, "8b 04 25 10 00 00 00").base);
        assertEquals(Instruction.NO_REGISTER, decode(32, "8b 05 10 00 00 00").base);
    }

    @Test
    void highBytesVanishWithRex() {
        assertEquals(Instruction.GPR8_HIGH, decode(64, "88 e0").kind[1]);
        assertEquals(4, in.register[1]);
        assertEquals(Instruction.GPR, decode(64, "40 88 e0").kind[1]);
    }

    @Test
    void implicitOperandsAreThere() {
        assertEquals(Instruction.IMMEDIATE, decode(32, "d1 e0").kind[1]);
        assertEquals(1, in.immediate);
        decode(32, "d3 e0");
        assertEquals(1, in.register[1]);
        assertEquals(8, in.size[1]);
        decode(32, "ed");
        assertEquals(2, in.register[1]);
        assertEquals(16, in.size[1]);
    }

    @Test
    void twoImmediatesAndFarPointers() {
        decode(64, "c8 34 12 05");
        assertEquals(0x1234, in.immediate);
        assertEquals(5, in.immediate2);
        decode(32, "9a 78 56 34 12 10 00");
        assertEquals(0x1234_5678, in.immediate);
        assertEquals(0x10, in.immediate2);
        assertEquals(0x1122_3344_5566_7788L, decode(64, "48 b8 88 77 66 55 44 33 22 11").immediate);
        assertEquals(0x1122_3344_5566_7788L, decode(64, "a0 88 77 66 55 44 33 22 11").displacement);
    }

    @Test
    void immediatesAreSignExtendedWhereTheManualSaysSo() {
        assertEquals(-1, decode(64, "48 81 c0 ff ff ff ff").immediate);
        assertEquals(0xFFFF_FFFFL, decode(64, "81 c0 ff ff ff ff").immediate);
        assertEquals(-1, decode(64, "83 c0 ff").immediate);
        assertEquals(32, in.size[1]);
        assertEquals(0xFF, decode(64, "cd ff").immediate);
    }

    @Test
    void repeatPrefixesThatBelongToTheOpcodeAreNotReported() {
        assertTrue(decode(32, "f3 a4").rep);
        assertTrue(decode(32, "f2 f3 a6").rep);
        assertFalse(in.repne);
        assertTrue(decode(32, "f3 f2 a6").repne);
        assertFalse(decode(32, "f3 0f 6f c0").rep);
        assertFalse(decode(32, "f3 0f b8 c0").rep);
    }

    @Test
    void sixteenBytesAreTooLong() {
        assertEquals(15, decode(32, "66".repeat(14) + "90").length);
        assertEquals(Mnemonic.NOP, in.mnemonic);
        assertEquals(Decoder.TOO_LONG, decode(32, "66".repeat(15) + "90").length);
        assertEquals(Mnemonic.INVALID, in.mnemonic);
        assertEquals(Decoder.TOO_LONG, decode(32, "2e".repeat(9) + "c7 84 00 00 00 00 00 00 00 00 00").length);
    }

    @Test
    void faultOfTheFetchReachesTheCaller() {
        assertThrows(ArrayIndexOutOfBoundsException.class, () -> decode(32, "81 c0 ff ff ff"));
    }

    @Test
    void evexDisplacementCountsOperands() {
        decode(64, "62 f1 7c 48 10 46 01");
        assertEquals(64, in.displacement);
        assertEquals(512, in.size[1]);
        decode(64, "62 f1 7c 58 58 46 01");
        assertTrue(in.broadcast);
        assertEquals(4, in.displacement);
        assertEquals(32, in.size[2]);
    }
}
