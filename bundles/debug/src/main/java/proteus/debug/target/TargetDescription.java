package proteus.debug.target;

import java.util.List;
import java.util.stream.IntStream;

/** {@code target.xml}: what GDB asks for with qXfer:features:read (GDB manual, appendix G). */
public final class TargetDescription {
    private record Bit(String name, int start) {}

    private static final List<Bit> EFLAGS = bits("CF 0 PF 2 AF 4 ZF 6 SF 7 TF 8 IF 9 DF 10 OF 11 NT 14 RF 16 VM 17 AC 18 VIF 19 VIP 20 ID 21");
    private static final List<Bit> MXCSR = bits("IE 0 DE 1 ZE 2 OE 3 UE 4 PE 5 DAZ 6 IM 7 DM 8 ZM 9 OM 10 UM 11 PM 12 FZ 15");
    private static final List<Bit> CR0 = bits("PE 0 MP 1 EM 2 TS 3 ET 4 NE 5 WP 16 AM 18 NW 29 CD 30 PG 31");
    private static final List<Bit> CR4 = bits("VME 0 PVI 1 TSD 2 DE 3 PSE 4 PAE 5 MCE 6 PGE 7 PCE 8 OSFXSR 9 OSXMMEXCPT 10 UMIP 11 LA57 12 VMXE 13 SMXE 14"
            + " FSGSBASE 16 PCIDE 17 OSXSAVE 18 SMEP 20 SMAP 21 PKE 22");
    private static final List<Bit> EFER = bits("SCE 0 LME 8 LMA 10 NXE 11");

    private TargetDescription() {}

    public static String of(Registers registers) {
        boolean wide = registers.architecture().wide();
        StringBuilder xml = new StringBuilder("""
                <?xml version="1.0"?>
                <!DOCTYPE target SYSTEM "gdb-target.dtd">
                <target version="1.0">
                """);
        xml.append("<architecture>").append(registers.architecture().gdbName()).append("</architecture>\n");
        for (Registers.Feature feature : registers.features()) {
            xml.append("<feature name=\"").append(feature.name()).append("\">\n");
            switch (feature.name()) {
                case "org.gnu.gdb.i386.core" -> xml.append(flags("i386_eflags", 4, EFLAGS));
                case "org.gnu.gdb.i386.sse" -> xml.append(VECTORS).append(flags("i386_mxcsr", 4, MXCSR));
                case "proteus.x86.control" -> {
                    int bytes = wide ? 8 : 4;
                    xml.append(flags("cr0_" + 8 * bytes, bytes, CR0)).append(flags("cr4_" + 8 * bytes, bytes, CR4))
                            .append(flags("efer_" + 8 * bytes, bytes, EFER));
                }
                default -> { }
            }
            for (Register r : feature.registers()) {
                xml.append("<reg name=\"%s\" bitsize=\"%d\" type=\"%s\"%s/>\n".formatted(
                        r.name(), r.bits(), r.type(), r.group().isEmpty() ? "" : " group=\"" + r.group() + "\""));
            }
            xml.append("</feature>\n");
        }
        return xml.append("</target>\n").toString();
    }

    private static final String VECTORS = """
            <vector id="v4f" type="ieee_single" count="4"/>
            <vector id="v2d" type="ieee_double" count="2"/>
            <vector id="v16i8" type="int8" count="16"/>
            <vector id="v8i16" type="int16" count="8"/>
            <vector id="v4i32" type="int32" count="4"/>
            <vector id="v2i64" type="int64" count="2"/>
            <union id="vec128">
            <field name="v4_float" type="v4f"/>
            <field name="v2_double" type="v2d"/>
            <field name="v16_int8" type="v16i8"/>
            <field name="v8_int16" type="v8i16"/>
            <field name="v4_int32" type="v4i32"/>
            <field name="v2_int64" type="v2i64"/>
            <field name="uint128" type="uint128"/>
            </union>
            """;

    private static String flags(String id, int bytes, List<Bit> bits) {
        StringBuilder xml = new StringBuilder("<flags id=\"%s\" size=\"%d\">\n".formatted(id, bytes));
        bits.forEach(bit -> xml.append("<field name=\"%s\" start=\"%d\" end=\"%d\"/>\n".formatted(bit.name(), bit.start(), bit.start())));
        return xml.append("</flags>\n").toString();
    }

    private static List<Bit> bits(String text) {
        String[] words = text.split(" ");
        return IntStream.range(0, words.length / 2).mapToObj(i -> new Bit(words[2 * i], Integer.parseInt(words[2 * i + 1]))).toList();
    }
}
