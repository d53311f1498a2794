package proteus.debug.target;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;
import proteus.api.silicon.SegmentRegister;
import proteus.api.state.ArchState;
import proteus.x86.format.Msr;

/** Numbers and places of registers are GDB's. */
class RegistersTest {
    private static final Registers WIDE = new Registers(Architecture.X86_64, true);
    private static final Registers NARROW = new Registers(Architecture.I386, false);

    static ArchState state(long cr0, long cr3, long cr4, long efer) {
        long[] gpr = new long[16];
        for (int i = 0; i < 16; i++) {
            gpr[i] = 0x1111_1111_1111_1111L * i;
        }
        List<SegmentRegister> segments = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            segments.add(new SegmentRegister(8 * i, 0x1000 * i, 0xffffffffL, 0xc093));
        }
        byte[] image = new byte[832];
        image[0] = 0x7f;
        image[1] = 3;
        image[4] = (byte) 0x80; // only the register that is ST(0) while TOP is 7
        image[3] = 7 << 3;
        image[32 + 7] = (byte) 0x80; // 1.0
        image[32 + 8] = (byte) 0xff;
        image[32 + 9] = 0x3f;
        for (int i = 0; i < 256; i++) {
            image[160 + i] = (byte) i;
            image[576 + i] = (byte) ~i;
        }
        return new ArchState(new ArchState.General(gpr, 0x1234_5678_9abcL, 0x246), new ArchState.Segments(segments, 0, 0, 0, 0),
                new ArchState.Control(cr0, 2, cr3, cr4, 8, 1, new long[8], new long[4]), new ArchState.Fpu(image),
                Map.of(Msr.IA32_EFER, efer, Msr.IA32_KERNEL_GS_BASE, 0x77L), new ArchState.Events(0, 0, 0, 0, 0, 0), 99);
    }

    private static ArchState longMode() {
        return state(0x80000011L, 0x1000, 0x20, 0xd00);
    }

    @Test
    void numbersAreThoseOfAmd64TdepAndI386Tdep() {
        assertEquals(List.of(0, 7, 16, 17, 18, 24, 32, 39, 40, 56, 57, 73), numbers(WIDE,
                "rax", "rsp", "rip", "eflags", "cs", "st0", "fctrl", "fop", "xmm0", "mxcsr", "ymm0h", "fs_base"));
        assertEquals(List.of(0, 4, 8, 9, 10, 16, 24, 31, 32, 40), numbers(NARROW,
                "eax", "esp", "eip", "eflags", "cs", "st0", "fctrl", "fop", "xmm0", "mxcsr"));
    }

    private static List<Integer> numbers(Registers registers, String... names) {
        return List.of(names).stream().map(registers::number).toList();
    }

    @Test
    void valuesAreLittleEndianAndOfTheirSize() {
        ArchState state = longMode();
        assertEquals("bc9a785634120000", hex(WIDE.read(state, WIDE.number("rip"))));
        assertEquals("46020000", hex(WIDE.read(state, WIDE.number("eflags"))));
        assertEquals("3333333333333333", hex(WIDE.read(state, WIDE.number("rbx"))));
        assertEquals("08000000", hex(WIDE.read(state, WIDE.number("cs"))));
        assertEquals("0000000000000080ff3f", hex(WIDE.read(state, WIDE.number("st0"))));
        assertEquals("ff3f0000", hex(WIDE.read(state, WIDE.number("ftag"))));
        assertEquals("101112131415161718191a1b1c1d1e1f", hex(WIDE.read(state, WIDE.number("xmm1"))));
        assertEquals("efeeedecebeae9e8e7e6e5e4e3e2e1e0", hex(WIDE.read(state, WIDE.number("ymm1h"))));
        assertEquals("0050000000000000", hex(WIDE.read(state, WIDE.number("gs_base"))));
        assertEquals("7700000000000000", hex(WIDE.read(state, WIDE.number("k_gs_base"))));
        assertEquals("bc9a7856", hex(NARROW.read(state, NARROW.number("eip"))));
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    @Test
    void whatIsReadAndWrittenBackChangesNothing() {
        for (Registers registers : List.of(WIDE, NARROW)) {
            ArchState before = longMode();
            byte[] values = registers.read(before);
            assertEquals(registers.bytes(), values.length);
            ArchState after = registers.write(before, values);
            assertArrayEquals(before.general().gpr(), after.general().gpr());
            assertEquals(before.general().rip(), after.general().rip());
            assertEquals(before.segments(), after.segments());
            assertArrayEquals(before.fpu().xsave(), after.fpu().xsave());
            assertEquals(before.msrs(), after.msrs());
        }
    }

    @Test
    void aRegisterIsWrittenAlone() {
        ArchState after = WIDE.write(longMode(), WIDE.number("rsp"), new byte[] {1, 2, 3, 4, 5, 6, 7, 8});
        assertEquals(0x0807060504030201L, after.general().gpr()[4]);
        assertEquals(0x7777_7777_7777_7777L, after.general().gpr()[7]);
        assertEquals(5, WIDE.write(longMode(), WIDE.number("fs_base"), new byte[] {5, 0, 0, 0, 0, 0, 0, 0}).segments().registers().get(4).base());
    }

    @Test
    void aSelectorIsASegmentInRealModeOnly() {
        int cs = WIDE.number("cs");
        byte[] selector = {0, 0x10, 0, 0};
        assertThrows(UnsupportedOperationException.class, () -> WIDE.write(longMode(), cs, selector));
        assertEquals(0x10000, WIDE.write(state(0x10, 0, 0, 0), cs, selector).segments().registers().get(1).base());
    }

    @Test
    void theDescriptionIsWellFormedAndNamesEachRegisterInOrder() throws Exception {
        for (Registers registers : List.of(WIDE, NARROW)) {
            DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
            factory.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
            Document xml = factory.newDocumentBuilder().parse(new InputSource(new StringReader(TargetDescription.of(registers))));
            assertEquals(registers.architecture().gdbName(), xml.getElementsByTagName("architecture").item(0).getTextContent());
            NodeList regs = xml.getElementsByTagName("reg");
            assertEquals(registers.count(), regs.getLength());
            int bits = 0;
            for (int i = 0; i < regs.getLength(); i++) {
                Element reg = (Element) regs.item(i);
                assertEquals(i, registers.number(reg.getAttribute("name")));
                bits += Integer.parseInt(reg.getAttribute("bitsize"));
            }
            assertEquals(registers.bytes() * 8, bits);
            List<String> features = new ArrayList<>();
            NodeList nodes = xml.getElementsByTagName("feature");
            for (int i = 0; i < nodes.getLength(); i++) {
                features.add(((Element) nodes.item(i)).getAttribute("name"));
            }
            assertTrue(features.containsAll(List.of("org.gnu.gdb.i386.core", "org.gnu.gdb.i386.sse")), features.toString());
            assertEquals(0, Collections.frequency(features, ""));
        }
    }
}
