package proteus.board.firmware;

import proteus.board.irq.IoApic;
import proteus.board.pci.PciHost;

/** The MultiProcessor floating pointer and configuration table, version 1.4 (Intel 242016-006, chapter 4). */
final class MpTables {
    static final int POINTER_LENGTH = 16;
    private static final int HEADER = 44;
    private static final int ISA_BUS = 1;
    private static final int PCI_BUS = 0;
    private static final int SLOTS = 32;
    private static final int FIRST_IO_APIC_INPUT = 16;
    /** Family 6 with on-chip APIC; feature flags FPU, CX8, APIC. */
    private static final int SIGNATURE = 0x0600;

    private static final int FEATURES = 0x0301;
    private static final int CPU_ENABLED = 1;
    private static final int CPU_BOOT = 2;

    private MpTables() {}

    static byte[] pointer(long table) {
        byte[] pointer = new LittleEndian().text("_MP_", 4, 0).u32(table).u8(1, 4, 0, 0, 0, 0, 0, 0).toBytes();
        LittleEndian.checksum(pointer, 0, POINTER_LENGTH, 10);
        return pointer;
    }

    static byte[] table(int vcpus, int ioApicId) {
        LittleEndian body = new LittleEndian();
        int entries = 0;
        for (int i = 0; i < vcpus; i++, entries++) {
            body.u8(0, i, 0x14, CPU_ENABLED | (i == 0 ? CPU_BOOT : 0)).u32(SIGNATURE).u32(FEATURES).u64(0);
        }
        body.u8(1, PCI_BUS).text("PCI", 6, ' ').u8(1, ISA_BUS).text("ISA", 6, ' ');
        body.u8(2, ioApicId, IoApic.VERSION, 1).u32(IoApic.ADDRESS);
        entries += 3;
        for (int irq = 0; irq < 16; irq++) {
            if (irq == 2) {
                continue;
            }
            // ISA interrupts conform to their bus; the SCI is level-triggered, active high.
            interrupt(body, 3, 0, irq == 9 ? 0x000d : 0, ISA_BUS, irq, ioApicId, irq == 0 ? 2 : irq);
            entries++;
        }
        for (int slot = 1; slot < SLOTS; slot++) {
            for (int pin = 0; pin < 4; pin++) {
                interrupt(body, 3, 0, 0, PCI_BUS, slot << 2 | pin, ioApicId, FIRST_IO_APIC_INPUT + PciHost.link(slot, pin + 1));
                entries++;
            }
        }
        // The 8259's INTR at LINT0, NMI at LINT1.
        interrupt(body, 4, 3, 0, ISA_BUS, 0, 0xff, 0);
        interrupt(body, 4, 1, 0, ISA_BUS, 0, 0xff, 1);
        entries += 2;
        byte[] table = new LittleEndian().text("PCMP", 4, 0).u16(HEADER + body.size()).u8(4, 0)
                .text("PROTEUS", 8, ' ').text("BOARD", 12, ' ').u32(0).u16(0).u16(entries).u32(0xfee0_0000L).u16(0).u8(0, 0)
                .bytes(body.toBytes()).toBytes();
        LittleEndian.checksum(table, 0, table.length, 7);
        return table;
    }

    private static void interrupt(LittleEndian out, int entry, int type, int flags, int bus, int irq, int apic, int input) {
        out.u8(entry, type).u16(flags).u8(bus, irq, apic, input);
    }
}
