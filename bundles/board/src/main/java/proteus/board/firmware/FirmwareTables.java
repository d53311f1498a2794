package proteus.board.firmware;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import proteus.api.io.PlatformDevice;
import proteus.api.io.Board.FirmwareData;
import proteus.api.io.Board.MapEntry;
import proteus.api.memory.GuestMemory;
import proteus.api.memory.MemoryRegion;

/** Places the tables where firmware of a PC has them, and says where RAM is. */
public final class FirmwareTables {
    private static final long TABLES = 0xe0000;
    private static final long ROOT = 0xf0000;
    private static final long MP_POINTER = ROOT + 0x40;
    private static final long MP_TABLE = ROOT + 0x50;
    private static final long BIOS_END = 0x100000;
    /** Conventional memory ends with 1 KiB of extended BIOS data area. */
    private static final long EBDA = 0x9fc00;

    private static final long CONVENTIONAL_END = 0xa0000;

    private static final int BDA_COM1 = 0x400;
    private static final int BDA_EBDA_SEGMENT = 0x40e;
    private static final int BDA_EQUIPMENT = 0x410;
    private static final int BDA_KILOBYTES = 0x413;

    private static final long FOUR_GIB = 1L << 32;

    private static final int RAM = 1;
    private static final int RESERVED = 2;

    private FirmwareTables() {}

    /** Writes everything; without ACPI only the MP tables tell of the interrupt controllers. */
    public static FirmwareData install(GuestMemory memory, boolean acpi, int vcpus, int ioApicId, IntPredicate portPresent, int[] linkIrqs, List<PlatformDevice> devices) {
        if (!memory.contains(0, CONVENTIONAL_END) || !memory.contains(TABLES, BIOS_END - TABLES)) {
            throw new IllegalArgumentException("A PC needs RAM up to 1 MiB for its firmware tables; this machine has %d bytes.".formatted(memory.size()));
        }
        boolean vga = portPresent.test(0x3c0);
        if (acpi) {
            AcpiTables tables = new AcpiTables(TABLES, vcpus, ioApicId, vga, portPresent, linkIrqs, devices);
            put(memory, TABLES, tables.image());
            put(memory, ROOT, tables.rsdp());
        }
        put(memory, MP_TABLE, MpTables.table(vcpus, ioApicId));
        put(memory, MP_POINTER, MpTables.pointer(MP_TABLE));
        biosData(memory, portPresent);
        return new FirmwareData(acpi ? ROOT : 0, map(memory));
    }

    /** The fields of the BIOS data area that kernels read. */
    private static void biosData(GuestMemory memory, IntPredicate portPresent) {
        int[] serial = {0x3f8, 0x2f8, 0x3e8, 0x2e8};
        int found = 0;
        for (int port : serial) {
            if (portPresent.test(port)) {
                memory.write16(BDA_COM1 + 2 * found++, port);
            }
        }
        memory.write16(BDA_EBDA_SEGMENT, (int) (EBDA >> 4));
        // Bits 11..9 count serial ports, bit 1 says that there is a coprocessor.
        memory.write16(BDA_EQUIPMENT, found << 9 | 2);
        memory.write16(BDA_KILOBYTES, (int) (EBDA >> 10));
        // The EBDA begins with its size in KiB.
        memory.write8(EBDA, 1);
    }

    /** RAM for a firmware that makes its own map. */
    public static List<MapEntry> ram(GuestMemory memory) {
        long low = memory.map().regions().stream()
                .filter(r -> r.writable() && r.gpa() < FOUR_GIB)
                .mapToLong(r -> r.gpa() + r.bytes())
                .max()
                .orElse(0);
        List<MapEntry> map = new ArrayList<>();
        map.add(new MapEntry(0, low, RAM));
        memory.map().regions().stream()
                .filter(r -> r.writable() && r.gpa() >= FOUR_GIB)
                .forEach(r -> map.add(new MapEntry(r.gpa(), r.bytes(), RAM)));
        return map;
    }

    /** The map as fw_cfg has it in {@code etc/e820}: packed entries of the E820 call. */
    public static byte[] e820(List<MapEntry> map) {
        LittleEndian out = new LittleEndian();
        map.forEach(entry -> out.u64(entry.gpa()).u64(entry.bytes()).u32(entry.type()));
        return out.toBytes();
    }

    /** RAM as the memory map has it, less what belongs to firmware. */
    static List<MapEntry> map(GuestMemory memory) {
        List<MapEntry> map = new ArrayList<>();
        map.add(new MapEntry(0, EBDA, RAM));
        map.add(new MapEntry(EBDA, CONVENTIONAL_END - EBDA, RESERVED));
        map.add(new MapEntry(TABLES, BIOS_END - TABLES, RESERVED));
        for (MemoryRegion region : memory.map().regions()) {
            long start = Math.max(region.gpa(), BIOS_END);
            long end = region.gpa() + region.bytes();
            if (end > start && region.writable()) {
                add(map, start, end - start);
            }
        }
        return map;
    }

    private static void add(List<MapEntry> map, long start, long bytes) {
        MapEntry last = map.getLast();
        if (last.type() == RAM && last.gpa() + last.bytes() == start) {
            map.set(map.size() - 1, new MapEntry(last.gpa(), last.bytes() + bytes, RAM));
        } else {
            map.add(new MapEntry(start, bytes, RAM));
        }
    }

    private static void put(GuestMemory memory, long at, byte[] bytes) {
        memory.write(at, bytes, 0, bytes.length);
    }
}
