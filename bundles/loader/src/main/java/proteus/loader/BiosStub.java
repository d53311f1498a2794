package proteus.loader;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import proteus.api.io.Board.FirmwareData;
import proteus.api.io.Board.MapEntry;
import proteus.api.memory.GuestMemory;

/**
 * The small BIOS for 16-bit entries: real code in guest memory, assembled from {@code src/main/asm/bios.asm}, with interrupt vectors and
 * BIOS data area. It is gone from the guest's life once the kernel is in protected mode.
 */
final class BiosStub {
    /** Layout of the header in bios.asm. */
    private static final int VECTORS = 4, FILL = VECTORS + 2 * 12;
    private static final int ANY = 0, UNDEFINED = 1, TICK = 2, IRQ_MASTER = 3, IRQ_SLAVE = 4, FIRST_SERVICE = 5;
    /** Interrupt numbers of the services in the order of the header. */
    private static final int[] SERVICES = {0x10, 0x11, 0x12, 0x13, 0x15, 0x16, 0x1a};
    private static final int INT_UNDEFINED = 6, INT_TICK = 8, INT_MASTER = 8, INT_SLAVE = 0x70, IRQS = 8;
    /** BIOS data area, absolute. */
    private static final int BDA_COM1 = 0x400, BDA_EQUIPMENT = 0x410, BDA_MEMORY = 0x413, BDA_VIDEO_MODE = 0x449, BDA_COLUMNS = 0x44a, BDA_ROWS = 0x484, BDA_FONT = 0x485;
    private static final int COM1 = 0x3f8, EQUIPMENT = 0x0222, TEXT_MODE = 3, COLUMNS = 80, LAST_ROW = 24, FONT_HEIGHT = 16;
    private static final int MAP_ENTRY_BYTES = 20, MAP_MOST = 64;
    private static final long ROM_START = 0xf_0000, ROM_LAST = 0xf_e000, LOW = 0x600;
    private static final long KILO = 1024, MEGA = 1 << 20, SIXTEEN_MEGA = 16 << 20, BLOCK = 64 * KILO;

    private BiosStub() {}

    static int size() {
        return code().length;
    }

    /**
     * Writes it, preferably where a BIOS lies, else into conventional memory below everything the set-up code uses.
     *
     * @return its address
     */
    static long install(Ram ram, FirmwareData firmware) {
        byte[] code = code();
        List<MapEntry> map = firmware.map().stream().limit(MAP_MOST).toList();
        GuestMemory memory = ram.memory();
        long base = place(memory, firmware, code.length + MAP_MOST * MAP_ENTRY_BYTES);
        memory.write(base, code, 0, code.length);
        writeVectors(memory, code, (int) (base >> 4));
        writeDataArea(ram);
        long below4G = ram.endOfRamAt(MEGA);
        memory.write16(base + FILL, (int) Math.min((below4G - MEGA) / KILO, 0xffff));
        memory.write16(base + FILL + 2, (int) (Math.min(below4G, SIXTEEN_MEGA) - MEGA) / (int) KILO);
        memory.write16(base + FILL + 4, (int) (Math.max(below4G - SIXTEEN_MEGA, 0) / BLOCK));
        memory.write16(base + FILL + 6, map.size());
        for (int i = 0; i < map.size(); i++) {
            long at = base + code.length + (long) i * MAP_ENTRY_BYTES;
            memory.write64(at, map.get(i).gpa());
            memory.write64(at + 8, map.get(i).bytes());
            memory.write32(at + 16, map.get(i).type());
        }
        return base;
    }

    private static long place(GuestMemory memory, FirmwareData firmware, int bytes) {
        for (long at = ROM_LAST; at >= ROM_START; at -= Ram.PAGE) {
            long start = at;
            boolean reserved = firmware.map().stream().noneMatch(entry -> entry.type() == 1 && entry.gpa() < start + bytes && start < entry.gpa() + entry.bytes());
            if (reserved && memory.contains(at, bytes) && unused(memory, at, bytes) && writable(memory, at)) {
                return at;
            }
        }
        return LOW;
    }

    /** Nothing of the firmware's tables lies there. */
    private static boolean unused(GuestMemory memory, long at, int bytes) {
        byte[] there = new byte[bytes];
        memory.read(at, there, 0, bytes);
        for (byte value : there) {
            if (value != 0) {
                return false;
            }
        }
        return true;
    }

    private static boolean writable(GuestMemory memory, long at) {
        memory.write8(at, 1);
        return memory.read8(at) == 1;
    }

    private static void writeVectors(GuestMemory memory, byte[] code, int segment) {
        for (int vector = 0; vector < 256; vector++) {
            vector(memory, vector, code, ANY, segment);
        }
        for (int irq = 0; irq < IRQS; irq++) {
            vector(memory, INT_MASTER + irq, code, IRQ_MASTER, segment);
            vector(memory, INT_SLAVE + irq, code, IRQ_SLAVE, segment);
        }
        vector(memory, INT_TICK, code, TICK, segment);
        vector(memory, INT_UNDEFINED, code, UNDEFINED, segment);
        for (int i = 0; i < SERVICES.length; i++) {
            vector(memory, SERVICES[i], code, FIRST_SERVICE + i, segment);
        }
    }

    private static void vector(GuestMemory memory, int vector, byte[] code, int handler, int segment) {
        int at = VECTORS + 2 * handler;
        memory.write16(vector * 4L, code[at] & 0xff | (code[at + 1] & 0xff) << 8);
        memory.write16(vector * 4L + 2, segment);
    }

    private static void writeDataArea(Ram ram) {
        GuestMemory memory = ram.memory();
        // What the board has said of itself stays.
        if (memory.read16(BDA_EQUIPMENT) == 0) {
            memory.write16(BDA_COM1, COM1);
            memory.write16(BDA_EQUIPMENT, EQUIPMENT);
        }
        if (memory.read16(BDA_MEMORY) == 0) {
            memory.write16(BDA_MEMORY, (int) (Math.min(ram.endOfRamAt(0), 640 * KILO) / KILO));
        }
        memory.write8(BDA_VIDEO_MODE, TEXT_MODE);
        memory.write16(BDA_COLUMNS, COLUMNS);
        memory.write8(BDA_ROWS, LAST_ROW);
        memory.write8(BDA_FONT, FONT_HEIGHT);
    }

    private static byte[] code() {
        try (InputStream in = BiosStub.class.getResourceAsStream("bios.bin")) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
