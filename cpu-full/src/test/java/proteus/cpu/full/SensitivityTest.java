package proteus.cpu.full;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import proteus.cpu.full.Sensitivity.Family;
import proteus.x86.asm.Assembler;
import proteus.x86.decode.Decoder;
import proteus.x86.decode.Instruction;

class SensitivityTest {
    private static Instruction decode(String text) {
        byte[] bytes = Assembler.assemble(text, 32, 0).bytes();
        Instruction i = new Instruction();
        assertEquals(bytes.length, Decoder.decode(at -> bytes[at] & 0xff, 32, i), text);
        return i;
    }

    @Test
    void eachFamilyOfRobinAndIrvineIsKnown() {
        List<String> texts = List.of(
                "sgdt [eax]", "sidt [eax]", "sldt ax", "smsw eax", "pushfd", "popfd", "lar eax, ecx", "lsl eax, ecx", "verr ax", "verw ax",
                "pop ds", "push cs", "call dword far [eax]", "jmp 0x8:0x1000", "int 0x80", "retf", "str ax", "mov eax, ss");
        Set<Family> found = EnumSet.noneOf(Family.class);
        for (String text : texts) {
            Instruction i = decode(text);
            Family family = Sensitivity.family(i);
            assertEquals(Family.values()[texts.indexOf(text)], family, text);
            assertTrue(Sensitivity.needsVmm(i), text);
            assertEquals("sensitive-" + family.name().toLowerCase(java.util.Locale.ROOT), family.event().label());
            found.add(family);
        }
        assertEquals(EnumSet.allOf(Family.class), found);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "hlt", "clts", "lgdt [eax]", "lidt [eax]", "lldt ax", "ltr ax", "lmsw ax", "invlpg [eax]", "invd", "wbinvd", "mov cr3, eax", "mov eax, cr0",
        "mov dr7, eax", "rdmsr", "wrmsr", "in al, dx", "out dx, al", "insb", "outsb", "iretd"
    })
    void whatIsPrivilegedGoesToTheVmm(String text) {
        assertTrue(Sensitivity.needsVmm(decode(text)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"mov eax, [ecx]", "push eax", "pop eax", "add [eax], ecx", "rep movsb", "lea eax, [ecx]", "lock cmpxchg [eax], ecx", "fninit", "bswap eax", "cld"})
    void theRestRunsAsItIs(String text) {
        Instruction i = decode(text);
        assertNull(Sensitivity.family(i));
        assertFalse(Sensitivity.needsVmm(i));
    }
}
