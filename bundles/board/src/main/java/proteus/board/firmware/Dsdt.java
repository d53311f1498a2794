package proteus.board.firmware;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import proteus.api.io.PlatformDevice;
import proteus.board.pci.PciHost;

/** The definition block: the PCI host bridge with windows and interrupt routing, the ISA devices, soft off. */
final class Dsdt {
    private static final int SLOTS = 32;
    private static final int PINS = 4;
    private static final int PM_SLOT = 1;
    private static final int SCI = 9;
    private static final int FIRST_IO_APIC_INPUT = 16;
    private static final int[] SERIAL_PORTS = {0x3f8, 0x2f8, 0x3e8, 0x2e8};
    private static final int[] SERIAL_IRQS = {4, 3, 4, 3};

    private Dsdt() {}

    /** @param present whether a port is taken by some device */
    static byte[] build(IntPredicate present, int[] linkIrqs, List<PlatformDevice> devices) {
        return Aml.join(
                // SLP_TYP 0 for both control registers: PIIX4's soft off.
                Aml.name("\\_S5", Aml.pack(Aml.integer(0), Aml.integer(0), Aml.integer(0), Aml.integer(0))),
                // The guest says by _PIC whether it uses the IOAPIC (ACPI 6.5, 5.8.1).
                Aml.name("PICM", Aml.integer(0)),
                Aml.method("_PIC", 1, Aml.storeArgument("PICM")),
                Aml.scope("\\_SB", Aml.device("PCI0", pciHost(present, linkIrqs)), platform(devices)));
    }

    /** Devices with registers in memory and an interrupt of the IOAPIC. */
    private static byte[] platform(List<PlatformDevice> devices) {
        List<byte[]> all = new ArrayList<>();
        for (PlatformDevice device : devices) {
            all.add(Aml.device("D%03X".formatted(all.size()),
                    Aml.name("_HID", Aml.string(device.acpiId())),
                    Aml.name("_UID", Aml.integer(device.index())),
                    Aml.name("_CRS", Aml.resources(Aml.registers(device.gpa(), device.bytes()), Aml.interrupt(device.gsi())))));
        }
        return Aml.join(all.toArray(byte[][]::new));
    }

    private static byte[] pciHost(IntPredicate present, int[] linkIrqs) {
        return Aml.join(
                Aml.name("_HID", Aml.eisaId("PNP0A03")),
                Aml.name("_UID", Aml.integer(0)),
                Aml.name("_ADR", Aml.integer(0)),
                Aml.name("_CRS", Aml.resources(
                        Aml.busNumbers(0, 0xff),
                        Aml.ports(0xcf8, 8),
                        Aml.portWindow(0, 0xcf7),
                        Aml.portWindow(0xd00, 0xffff),
                        Aml.memoryWindow(0xa0000, 0xbffff),
                        Aml.memoryWindow(PciHost.HOLE, PciHost.HOLE_END - 1))),
                Aml.name("PRTP", routing(link -> linkIrqs[link])),
                Aml.name("PRTA", routing(link -> FIRST_IO_APIC_INPUT + link)),
                Aml.method("_PRT", 0, Aml.ifTrue("PICM", Aml.giveBack(Aml.path("PRTA"))), Aml.giveBack(Aml.path("PRTP"))),
                Aml.device("ISA", isaBridge(present)));
    }

    /** _PRT with fixed interrupts (ACPI 6.5, 6.2.13): address, pin, no link device, GSI. */
    private static byte[] routing(java.util.function.IntUnaryOperator interrupt) {
        List<byte[]> rows = new ArrayList<>();
        for (int slot = 1; slot < SLOTS; slot++) {
            for (int pin = 0; pin < PINS; pin++) {
                // PIIX4's power management has the SCI itself for its INTA.
                int gsi = slot == PM_SLOT && pin == 0 ? SCI : interrupt.applyAsInt(PciHost.link(slot, pin + 1));
                rows.add(Aml.pack(Aml.integer((long) slot << 16 | 0xffff), Aml.integer(pin), Aml.integer(0), Aml.integer(gsi)));
            }
        }
        return Aml.pack(rows.toArray(byte[][]::new));
    }

    private static byte[] isaBridge(IntPredicate present) {
        List<byte[]> terms = new ArrayList<>();
        terms.add(Aml.name("_ADR", Aml.integer(0x10000)));
        terms.add(isaDevice("PIC", "PNP0000", 0, Aml.ports(0x20, 2), Aml.ports(0xa0, 2), Aml.ports(0x4d0, 2), Aml.irq(2)));
        terms.add(isaDevice("TMR", "PNP0100", 0, Aml.ports(0x40, 4), Aml.irq(0)));
        terms.add(isaDevice("RTC", "PNP0B00", 0, Aml.ports(0x70, 2), Aml.irq(8)));
        terms.add(isaDevice("KBD", "PNP0303", 0, Aml.ports(0x60, 1), Aml.ports(0x64, 1), Aml.irq(1)));
        for (int i = 0; i < SERIAL_PORTS.length; i++) {
            if (present.test(SERIAL_PORTS[i])) {
                terms.add(isaDevice("COM" + (i + 1), "PNP0501", i + 1, Aml.ports(SERIAL_PORTS[i], 8), Aml.irq(SERIAL_IRQS[i])));
            }
        }
        return Aml.join(terms.toArray(byte[][]::new));
    }

    private static byte[] isaDevice(String name, String id, int uid, byte[]... resources) {
        return Aml.device(name, Aml.name("_HID", Aml.eisaId(id)), Aml.name("_UID", Aml.integer(uid)), Aml.name("_CRS", Aml.resources(resources)));
    }
}
