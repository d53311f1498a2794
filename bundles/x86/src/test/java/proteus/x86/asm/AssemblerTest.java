package proteus.x86.asm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.HexFormat;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AssemblerTest {
    private static String hex(String source, int bits) {
        return HexFormat.of().formatHex(Assembler.assemble(source, bits, 0).bytes());
    }

    @Test
    void localLabelsBelongToTheLabelBefore() {
        Assembly assembly = Assembler.assemble("first:\n.l: nop\njmp .l\nsecond: nop\n.l: jmp .l\njmp first.l", 32, 0x1000);
        assertEquals(Map.of("first", 0x1000L, "first.l", 0x1000L, "second", 0x1003L, "second.l", 0x1004L), assembly.symbols());
        assertArrayEquals(HexFormat.of().parseHex("90ebfd90ebfeebf8"), assembly.bytes());
    }

    @Test
    void branchIsShortUpTo127BytesAndNearBeyond() {
        assertEquals(2 + 127, Assembler.assemble("jmp end\ntimes 127 nop\nend:", 64, 0).bytes().length);
        assertEquals(5 + 128, Assembler.assemble("jmp end\ntimes 128 nop\nend:", 64, 0).bytes().length);
        assertEquals(6 + 128, Assembler.assemble("jz end\ntimes 128 nop\nend:", 32, 0).bytes().length);
    }

    @Test
    void oneGrowingBranchMakesAnotherGrow() {
        // The second reaches only if the first stays short, which it does not
        Assembly assembly = Assembler.assemble("jmp far_end\njmp near_end\ntimes 124 nop\njmp far_end\nnear_end: nop\nfar_end:", 32, 0);
        assertEquals(0xE9, assembly.bytes()[0] & 0xFF);
        assertEquals(assembly.bytes().length, assembly.symbol("far_end"));
    }

    @Test
    void sizesThatDependOnEachOtherEnd() {
        assertEquals("the sizes of this source depend on each other in a circle",
            assertThrows(AssemblyException.class, () -> Assembler.assemble("a: times 1 - (b - a) nop\nb:", 32, 0)).getMessage().split(": ")[1]);
    }

    @Test
    void branchesNeverTakeAnOperandSizeThatCutsTheInstructionPointer() {
        assertEquals("e9fb0f0000", hex("jmp 0x1000", 32));
        assertEquals("66e9fc0f", hex("o16 jmp 0x1000", 32));
        assertEquals("66e9fa0f0000", hex("jmp dword 0x1000", 16));
        assertEquals("6800100000", hex("push 0x1000", 32));
    }

    @Test
    void theSizeOfAFarBranchIsThatOfTheOffsetUnlessPtrSaysThatItIsThatOfAll() {
        assertEquals("66ff2b", hex("jmp word far [ebx]", 32));
        assertEquals("ff2b", hex("jmp far dword [ebx]", 32));
        assertEquals("66ff2b", hex("jmp far dword ptr [ebx]", 32));
        assertEquals("ff2b", hex("jmp far fword ptr [ebx]", 32));
    }

    @Test
    void whatDisassemblersPrintIsUnderstood() {
        assertEquals("8b45f8", hex("mov eax,DWORD PTR [ebp-0x8]  # comment", 32));
        assertEquals("65a130000000", hex("mov eax,gs:0x30", 32));
        assertEquals("a130000000", hex("mov eax,ds:0x30", 32));
        assertEquals("f3a5", hex("rep movs DWORD PTR es:[edi],DWORD PTR ds:[esi]", 32));
        assertEquals("64ac", hex("lods al,BYTE PTR fs:[esi]", 32));
        assertEquals("d8c3", hex("fadd st,st(3)", 32));
        assertEquals("e8fb0f0000", hex("call 0x1000 <printf+0x10>", 32));
    }

    @Test
    void vexAndEvexCanBeInsistedOn() {
        assertEquals("c5f058c2", hex("vaddps xmm0,xmm1,xmm2", 64));
        assertEquals("62f1740858c2", hex("{evex} vaddps xmm0,xmm1,xmm2", 64));
    }

    @Test
    void waitingFormsOfX87ControlInstructionsStartWithFwait() {
        assertEquals("9bdbe39bd93c24", hex("finit\nfstcw [rsp]", 64));
    }

    @Test
    void listingShowsAddressBytesAndSource() {
        assertEquals("00007C00  EBFE                  jmp $ ; for ever", Assembler.assemble("jmp $ ; for ever", 16, 0x7C00).listing().get(0));
        assertEquals("00000000  0000000000000000+2    resb 10", Assembler.assemble("resb 10", 16, 0).listing().get(0));
    }

    @Test
    void extendedPrecisionConstants() {
        assertEquals("000000000000008000c0", hex("dt -2.0", 32));
        assertEquals("00000000000000000000", hex("dt 0.0", 32));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\0', textBlock = """
        mov [rax], 5              | line 1: the size of the memory operand is missing (byte, word, dword, ...): mov [rax], 5
        frob eax                  | line 1: unknown instruction "frob": frob eax
        mov eax                   | line 1: wrong number of operands: mov eax
        mov eax, bl               | line 1: no form in 64-bit code takes these operands: mov eax, bl
        mov al, 256               | line 1: a value does not fit: mov al, 256
        add rax, 0x80000000       | line 1: a value does not fit: add rax, 0x80000000
        jmp short $ + 200         | line 1: the target is out of reach: jmp short $ + 200
        lock mov [rax], ebx       | line 1: prefix or decoration not allowed with these operands: lock mov [rax], ebx
        push es                   | line 1: no form in 64-bit code takes these operands: push es
        pusha                     | line 1: does not exist in 64-bit code: pusha
        mov eax, [rax + ebx]      | line 1: base and index register of an address must have the same size: mov eax, [rax + ebx]
        mov eax, [rax * 3 + rbx]  | line 1: an index can be scaled by 1, 2, 4 or 8 only: mov eax, [rax * 3 + rbx]
        mov eax, [al]             | line 1: register al cannot be part of an address: mov eax, [al]
        mov eax, [ax]             | line 1: the address cannot be encoded: mov eax, [ax]
        mov eax, [es:rax]         | line 1: only FS and GS can override the segment in 64-bit mode: mov eax, [es:rax]
        mov eax, nowhere          | line 1: "nowhere" is not defined: mov eax, nowhere
        db 300                    | line 1: 0x12c does not fit in 8 bits: db 300
        db 1 / 0                  | line 1: division by zero: db 1 / 0
        db "abc                   | line 1: the string has no end: db "abc
        db (1 + 2                 | line 1: expected ")" at the end: db (1 + 2
        db 12ab                   | line 1: "12ab" is no number: db 12ab
        align 3                   | line 1: align needs a power of two: align 3
        bits 8                    | line 1: code is 16, 32 or 64 bits: bits 8
        times -1 nop              | line 1: times -1 is not possible: times -1 nop
        nop nop                   | line 1: "nop" is not defined: nop nop
        mov ah, r8b               | line 1: no form in 64-bit code takes these operands: mov ah, r8b
        vaddps zmm0{k9}, zmm1, zmm2 | line 1: "{k9}" is no decoration: vaddps zmm0{k9}, zmm1, zmm2
        eax: nop                  | line 1: "eax" cannot be the name of a label: eax: nop
        lock                      | line 1: a prefix without an instruction: lock
        """)
    void errorsAreOneSentenceWithTheLine(String source, String message) {
        assertEquals(message, assertThrows(AssemblyException.class, () -> Assembler.assemble(source, 64, 0)).getMessage());
    }

    @Test
    void errorsNameTheLineEvenWhenLabelsBehindItMove() {
        AssemblyException error = assertThrows(AssemblyException.class, () -> Assembler.assemble("jmp end\n  mov cl, ax\nend:\nend:", 32, 0));
        assertEquals("line 2: no form in 32-bit code takes these operands: mov cl, ax", error.getMessage());
        assertEquals(2, error.line());
    }
}
