package proteus.x86.disasm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DisassemblerTest {
    private static Disassembler.Line line(String hex, int mode, long address, Symbols symbols) {
        byte[] code = Arrays.copyOf(HexFormat.of().parseHex(hex), 16);
        return new Disassembler(symbols).line(at -> code[at] & 0xFF, mode, address);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        8b45f8               | 32 | mov eax,DWORD PTR [ebp-0x8]
        a130000000           | 32 | mov eax,DWORD PTR ds:0x30
        65488b042528000000   | 64 | mov rax,QWORD PTR gs:0x28
        f3a5                 | 32 | rep movsd es:[edi],ds:[esi]
        f0480fb111           | 64 | lock cmpxchg QWORD PTR [rcx],rdx
        f3c3                 | 64 | repz ret
        c3                   | 16 | ret
        66c3                 | 16 | data32 ret
        66c9                 | 32 | data16 leave
        666a05               | 32 | data16 push 0x5
        67e2fe               | 32 | addr16 loop 0x1001
        2ed7                 | 32 | cs xlat
        0f07                 | 64 | sysret
        480f07               | 64 | sysretq
        48cf                 | 64 | iretq
        e30e                 | 64 | jrcxz 0x1010
        66ea78563412         | 32 | data16 jmp far 0x1234:0x5678
        dec9                 | 32 | fmulp st(1),st
        62f16c58 58cb        | 64 | vaddps zmm1,zmm2,zmm3,{ru-sae}
        62f16c18 c2cb12      | 64 | vcmpps k1,zmm2,zmm3,{sae},0x12
        62f27d4b 5a0b        | 64 | vbroadcasti32x4 zmm1{k3},XMMWORD PTR [rbx]
        62f16c5b 580b        | 64 | vaddps zmm1{k3},zmm2,DWORD BCST [rbx]
        62f16ccb 58cb        | 64 | vaddps zmm1{k3}{z},zmm2,zmm3
        c4e26d90 0488        | 64 | vpgatherdd ymm0,DWORD PTR [rax+ymm1*4],ymm2
        c4e2ed90 0488        | 64 | vpgatherdq ymm0,QWORD PTR [rax+xmm1*4],ymm2
        """)
    void text(String hex, int mode, String text) {
        assertEquals(text, line(hex.replace(" ", ""), mode, 0x1000, Symbols.NONE).text());
    }

    @Test
    void aListingGoesOnOneByteAfterBytesThatAreNoInstruction() {
        byte[] code = Arrays.copyOf(HexFormat.of().parseHex("900f0b0607f42690"), 32);
        List<String> listing = new ArrayList<>();
        Disassembler disassembler = new Disassembler();
        for (int at = 0; at < 8;) {
            int start = at;
            Disassembler.Line line = disassembler.line(offset -> code[start + offset] & 0xFF, 64, 0x1000 + at);
            listing.add(Long.toHexString(line.address()) + " " + HexFormat.of().formatHex(line.bytes()) + " " + line.text());
            at += line.length();
        }
        assertEquals(List.of("1000 90 nop", "1001 0f0b ud2", "1003 06 (bad)", "1004 07 (bad)", "1005 f4 hlt", "1006 2690 nop"), listing);
    }

    @Test
    void anInstructionOfMoreThan15BytesIsBad() {
        Disassembler.Line line = new Disassembler().line(at -> 0x66, 32, 0);
        assertEquals("(bad)", line.text());
        assertArrayEquals(new byte[] {0x66}, line.bytes());
    }

    @Test
    void targetsHaveNames() {
        Symbols symbols = address -> address == 0x1010 ? "start+0x10" : null;
        assertEquals("jmp 0x1010 <start+0x10>", line("eb0e", 64, 0x1000, symbols).text());
        assertEquals("lea rax,[rip+0x9] # 0x1010 <start+0x10>", line("488d0509000000", 64, 0x1000, symbols).text());
        assertEquals("jmp 0x1011", line("eb0f", 64, 0x1000, symbols).text());
    }

    @Test
    void branchesWrapAtTheirOperandSize() {
        assertEquals("jmp 0x1", line("eb00", 16, 0xFFFF, Symbols.NONE).text());
        assertEquals("jmp 0xffffff82", line("eb80", 32, 0, Symbols.NONE).text());
    }
}
