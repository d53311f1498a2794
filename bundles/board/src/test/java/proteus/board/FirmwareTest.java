package proteus.board;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import proteus.api.io.Board.FirmwareData;
import proteus.api.io.Board.MapEntry;

class FirmwareTest {
    private final FakeMachine machine = new FakeMachine();

    private String text(long at, int length) {
        return new String(machine.memory.ram, (int) at, length, StandardCharsets.US_ASCII);
    }

    private int sum(long at, int length) {
        int sum = 0;
        for (int i = 0; i < length; i++) {
            sum += machine.memory.ram[(int) at + i];
        }
        return sum & 0xff;
    }

    private byte[] table(String signature) {
        long xsdt = machine.memory.read64(machine.board.installTables(true).rsdp() + 24);
        int length = machine.memory.read32(xsdt + 4);
        for (long at = xsdt + 36; at < xsdt + length; at += 8) {
            long table = machine.memory.read64(at);
            if (text(table, 4).equals(signature)) {
                return bytes(table);
            }
            if (text(table, 4).equals("FACP") && signature.equals("DSDT")) {
                return bytes(machine.memory.read64(table + 140));
            }
        }
        throw new AssertionError("no table " + signature);
    }

    private byte[] bytes(long table) {
        int length = machine.memory.read32(table + 4);
        assertEquals(0, sum(table, length), () -> "checksum of " + text(table, 4));
        return Arrays.copyOfRange(machine.memory.ram, (int) table, (int) table + length);
    }

    @Test
    void theRootPointerIsWhereKernelsSearchAndItsSumsAreZero() {
        FirmwareData data = machine.board.installTables(true);
        assertEquals(0xf0000, data.rsdp());
        assertEquals("RSD PTR ", text(0xf0000, 8));
        assertEquals(0, sum(0xf0000, 20));
        assertEquals(0, sum(0xf0000, 36));
        assertEquals("RSDT", text(machine.memory.read32(0xf0010), 4));
    }

    @Test
    void theFadtHasTheLengthOfItsRevision() {
        byte[] fadt = table("FACP");
        assertEquals(3, fadt[8]);
        assertEquals(244, fadt.length);
        assertEquals(0xf9, fadt[120] & 0xff);
        assertEquals(6, fadt[128]);
    }

    @Test
    void theFacsIsAlignedTo64() {
        byte[] fadt = table("FACP");
        long facs = Byte.toUnsignedInt(fadt[36]) | Byte.toUnsignedInt(fadt[37]) << 8 | Byte.toUnsignedInt(fadt[38]) << 16;
        assertEquals(0, facs % 64);
        assertEquals("FACS", text(facs, 4));
    }

    @Test
    void withoutAcpiOnlyTheMpTablesAreThere() {
        assertEquals(0, machine.board.installTables(false).rsdp());
        assertEquals(0, machine.memory.read8(0xf0000));
        assertEquals("_MP_", text(0xf0040, 4));
        assertEquals(0, sum(0xf0040, 16));
        long table = machine.memory.read32(0xf0044);
        assertEquals("PCMP", text(table, 4));
        assertEquals(0, sum(table, machine.memory.read16(table + 4)));
    }

    @Test
    void theMpTableHasAsManyEntriesAsItSays() {
        machine.board.installTables(false);
        long table = machine.memory.read32(0xf0044);
        long end = table + machine.memory.read16(table + 4);
        int entries = 0;
        for (long at = table + 44; at < end; entries++) {
            at += machine.memory.read8(at) == 0 ? 20 : 8;
        }
        assertEquals(machine.memory.read16(table + 34), entries);
    }

    @Test
    void theMapLeavesOutFirmwareAndTheHoleBelowOneMegabyte() {
        List<MapEntry> map = machine.board.installTables(true).map();
        assertEquals(List.of(new MapEntry(0, 0x9fc00, 1), new MapEntry(0x9fc00, 0x400, 2), new MapEntry(0xe0000, 0x20000, 2),
                new MapEntry(0x100000, 0x100000, 1)), map);
        assertEquals(0x9fc0, machine.memory.read16(0x40e));
        assertEquals(639, machine.memory.read16(0x413));
    }

    @Test
    void aMachineWithoutTheFirstMegabyteIsRefused() {
        FakeMachine small = new FakeMachine(0x80000);
        assertThrows(IllegalArgumentException.class, () -> small.board.installTables(true));
    }

    /** Disassembles with ACPICA where it is installed (Debian acpica-tools). */
    @Test
    void acpicaUnderstandsTheTables(@TempDir Path directory) throws IOException, InterruptedException {
        Path iasl = Stream.of(System.getenv("PATH").split(":")).map(p -> Path.of(p, "iasl")).filter(Files::isExecutable).findFirst().orElse(null);
        Assumptions.assumeTrue(iasl != null, "iasl is not installed");
        for (String signature : List.of("DSDT", "FACP", "APIC")) {
            Path file = directory.resolve(signature + ".aml");
            Files.write(file, table(signature));
            Process process = new ProcessBuilder(iasl.toString(), "-d", file.toString()).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals(0, process.waitFor(), said);
            String source = Files.readString(directory.resolve(signature + ".dsl"));
            assertTrue(said.contains("utput:"), said);
            assertTrue(!source.contains("ERROR") && !source.contains("Unknown"), source);
            if (signature.equals("DSDT")) {
                Process back = new ProcessBuilder(iasl.toString(), directory.resolve("DSDT.dsl").toString()).redirectErrorStream(true).start();
                String compiled = new String(back.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                assertEquals(0, back.waitFor(), compiled);
                assertTrue(compiled.contains(" 0 Errors"), compiled);
            }
        }
    }

    @Test
    void fwCfgShowsItsSignatureAndFiles() {
        machine.board.firmwareFile("opt/greeting", "hello".getBytes(StandardCharsets.US_ASCII));
        machine.outWord(0x510, 0);
        StringBuilder signature = new StringBuilder();
        for (int i = 0; i < 4; i++) {
            signature.append((char) machine.in(0x511));
        }
        assertEquals("QEMU", signature.toString());
        machine.outWord(0x510, 0x19);
        int[] directory = new int[68];
        for (int i = 0; i < directory.length; i++) {
            directory[i] = machine.in(0x511);
        }
        assertEquals(1, directory[3]);
        assertEquals(5, directory[7]);
        assertEquals(0x20, directory[9]);
        machine.outWord(0x510, 0x20);
        assertEquals('h', machine.in(0x511));
    }

    @Test
    void fwCfgHasTheMachinesIdentity() {
        machine.board.firmwareFile("uuid", new byte[] {1, 2, 3});
        machine.outWord(0x510, 2);
        assertEquals(0x010203, machine.in(0x511) << 16 | machine.in(0x511) << 8 | machine.in(0x511));
    }

    @Test
    void fwCfgCopiesByDmaAndReadsZerosBeyondTheEnd() {
        machine.board.firmwareFile("opt/greeting", "hello".getBytes(StandardCharsets.US_ASCII));
        assertEquals(0x51454d55, Integer.reverseBytes(machine.inDouble(0x514)));
        dma(0x20 << 16 | 0x0a, 8, 0x2000);
        assertEquals("hello\0\0\0", text(0x2000, 8));
        assertEquals(0, machine.memory.read32(0x1000));
    }

    @Test
    void fwCfgReportsAnImpossibleDma() {
        dma(0x02, -1, 0x2000);
        assertEquals(1, Integer.reverseBytes(machine.memory.read32(0x1000)));
        dma(0x02, 16, -8);
        assertEquals(1, Integer.reverseBytes(machine.memory.read32(0x1000)));
        machine.outDouble(0x514, -1);
        machine.outDouble(0x518, -1);
    }

    private void dma(int control, int length, long address) {
        machine.memory.write32(0x1000, Integer.reverseBytes(control));
        machine.memory.write32(0x1004, Integer.reverseBytes(length));
        machine.memory.write64(0x1008, Long.reverseBytes(address));
        machine.outDouble(0x514, 0);
        machine.outDouble(0x518, Integer.reverseBytes(0x1000));
    }
}
