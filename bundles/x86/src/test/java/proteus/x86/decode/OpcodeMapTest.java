package proteus.x86.decode;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every byte of every map is either defined or listed here as undefined (SDM vol. 2, tables ). */
class OpcodeMapTest {
    @ParameterizedTest(name = "map {0}")
    @CsvSource({
        // Prefixes and the escape are not opcodes
        "0, 0F 26 2E 36 3E 64-67 F0 F2-F3",
        // 0E and 0F are 3DNow, 38 and 3A escapes, 24 and 26 the test registers of the 486
        "1, 04 0A 0C 0E-0F 24-27 36 38-3F 7A-7B",
        // D8 to DF with F3: Key Locker; FC: RAO-INT; 8A and 8B: MOVRS
        "2, 0C-0F 11-13 16 18-1B 1F 26-27 2C-2F 36 42-7F 83-C7 CE D0-DA E0-EF F2-F4 F7 FA-FF",
        "3, 00-07 10-13 18-1F 23-3F 43 45-5F 64-CB CD D0-DE E0-EF F1-FF",
        // VEX
        "4, 00-0F 18-27 30-40 43 48-49 4C-4F 78-7B 80-8F 94-97 9A-AD AF-C1 C3 C7-CF FF",
        // 49, 4B, 5C, 5E, 6C: AMX; B0, B1, 72: AVX-NE-CONVERT; D2, D3: VNNI-INT16; E0 to EF: CMPccXADD
        "5, 10-12 14-15 1B 1F 26-27 42-44 48 4A-4F 54-57 5B-77 7A-8B 8D 8F 94-95 A0-A5 B0-B3 C0-CE D0-DA E0-F1 F4 F8-FF",
        "6, 03 07 10-13 1A-1C 1E-1F 23-2F 34-37 3A-3F 43 45 47-49 4D-5F 64-CD D0-DE E0-EF F1-FF",
        // EVEX
        "7, 00-0F 18-27 30-50 52-53 77 7C-7D 80-C1 C3 C7-D0 D7 F0 F7 FF",
        "8, 01-03 05-0A 0E-0F 17 2E-2F 41 48-4B 56-57 5C-61 67 69-6F 74 80-82 84-87 8C 8E 94-95 A4-A5 B0-B3 C0-C3 C5-C7 C9 CE D0-DB E0-FF",
        "9, 02 06-07 0C-0E 10-13 1C 24 28-37 3C-3D 40-41 45-4F 52-53 58-65 68-6F 74-CD D0-FF"})
    void everyByteIsDefinedOrListedAsUndefined(int map, String undefined) {
        BitSet listed = new BitSet();
        for (String range : undefined.trim().split(" ")) {
            listed.set(Integer.parseInt(range, 0, 2, 16), Integer.parseInt(range, range.length() - 2, range.length(), 16) + 1);
        }
        List<String> wrong = new ArrayList<>();
        for (int opcode = 0; opcode < 256; opcode++) {
            if (OpcodeTable.ROOT[map << 8 | opcode] == 0 != listed.get(opcode)) {
                wrong.add(Integer.toHexString(opcode));
            }
        }
        assertEquals(List.of(), wrong);
    }

    @Test
    void everyMnemonicHasALine() {
        Set<Mnemonic> missing = EnumSet.complementOf(EnumSet.copyOf(List.of(OpcodeTable.MNEMONIC)));
        // AMD's XOP is named for the sake of disassemblers and not decoded
        missing.removeAll(Set.of(Mnemonic.VPROTB, Mnemonic.VPROTW, Mnemonic.VPROTD, Mnemonic.VPROTQ, Mnemonic.VPCMOV, Mnemonic.VPPERM));
        assertEquals(Set.of(), missing);
    }

    @Test
    void formsWithMemoryHaveAMemoryOperand() {
        List<String> wrong = new ArrayList<>();
        Instruction in = new Instruction();
        for (int opcode = 0; opcode < 256; opcode++) {
            for (int reg = 0; reg < 8; reg++) {
                for (byte[] bytes : List.of(bytes(opcode, reg << 3), bytes(0x0F, opcode, reg << 3), bytes(0x0F, 0x38, opcode, reg << 3),
                    bytes(0x0F, 0x3A, opcode, reg << 3))) {
                    Decoder.decode(at -> bytes[at] & 0xFF, 32, in);
                    boolean memory = IntStream.range(0, in.operandCount).anyMatch(i -> in.kind[i] == Instruction.MEMORY);
                    if (in.mnemonic != Mnemonic.INVALID && in.mod == 0 && !memory) {
                        wrong.add(in.mnemonic.name());
                    }
                }
            }
        }
        assertEquals("", wrong.stream().collect(Collectors.joining(" ")));
        assertTrue(OpcodeTable.MNEMONIC.length > 1_500);
    }

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[Instruction.MAX_LENGTH];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }
}
