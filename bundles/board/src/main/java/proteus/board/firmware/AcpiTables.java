package proteus.board.firmware;

import java.util.List;
import java.util.function.IntPredicate;
import proteus.api.io.PlatformDevice;
import proteus.board.clock.Rtc;
import proteus.board.irq.IoApic;
import proteus.board.pci.PowerManagement;

/** The ACPI tables (ACPI 6.5, 5.2), laid out one after the other from an address on. */
final class AcpiTables {
    static final int RSDP_LENGTH = 36;
    private static final int HEADER = 36;
    private static final int CHECKSUM = 9;
    private static final int SCI = 9;
    private static final int FACS_ALIGNMENT = 64;

    /** FADT flags (ACPI 6.5, table 5.10). */
    private static final int WBINVD = 1;

    private static final int PROC_C1 = 1 << 2;
    private static final int NO_POWER_BUTTON = 1 << 4;
    private static final int NO_SLEEP_BUTTON = 1 << 5;
    private static final int NO_FIXED_RTC = 1 << 6;
    private static final int RESET_REGISTER = 1 << 10;

    /** IA-PC boot architecture: ISA devices, an 8042, and no VGA to probe for (ACPI 6.5, table 5.11). */
    private static final int LEGACY_DEVICES = 1;

    private static final int HAS_8042 = 2;
    private static final int NO_VGA = 4;

    private final LittleEndian image = new LittleEndian();
    private final long base;
    private final byte[] rsdp;

    AcpiTables(long base, int vcpus, int ioApicId, boolean vga, IntPredicate portPresent, int[] linkIrqs, List<PlatformDevice> devices) {
        this.base = base;
        long facs = align(FACS_ALIGNMENT);
        image.bytes(facs());
        long dsdt = add(table("DSDT", 2, Dsdt.build(portPresent, linkIrqs, devices)));
        long fadt = add(table("FACP", 3, fadt(facs, dsdt, vga)));
        long madt = add(table("APIC", 3, madt(vcpus, ioApicId)));
        long rsdt = add(table("RSDT", 1, new LittleEndian().u32(fadt).u32(madt).toBytes()));
        long xsdt = add(table("XSDT", 1, new LittleEndian().u64(fadt).u64(madt).toBytes()));
        rsdp = rsdp(rsdt, xsdt);
    }

    byte[] image() {
        return image.toBytes();
    }

    byte[] rsdp() {
        return rsdp.clone();
    }

    private long align(int alignment) {
        while ((base + image.size()) % alignment != 0) {
            image.u8(0);
        }
        return base + image.size();
    }

    private long add(byte[] table) {
        long at = align(16);
        image.bytes(table);
        return at;
    }

    private static byte[] table(String signature, int revision, byte[] body) {
        byte[] table = new LittleEndian().text(signature, 4, 0).u32(HEADER + body.length).u8(revision, 0)
                .text("PROTEU", 6, ' ').text("PROTEUS", 8, ' ').u32(1).text("PRTS", 4, ' ').u32(1).bytes(body).toBytes();
        LittleEndian.checksum(table, 0, table.length, CHECKSUM);
        return table;
    }

    private static byte[] facs() {
        // Version 1, no waking vector, global lock free.
        return new LittleEndian().text("FACS", 4, 0).u32(64).zeros(24).u8(1).zeros(31).toBytes();
    }

    private static byte[] fadt(long facs, long dsdt, boolean vga) {
        int pm1Event = PowerManagement.BASE + PowerManagement.PM1_EVENT;
        int pm1Control = PowerManagement.BASE + PowerManagement.PM1_CONTROL;
        int timer = PowerManagement.BASE + PowerManagement.PM_TIMER;
        int gpe0 = PowerManagement.BASE + PowerManagement.GPE0;
        int flags = WBINVD | PROC_C1 | NO_POWER_BUTTON | NO_SLEEP_BUTTON | NO_FIXED_RTC | RESET_REGISTER;
        return new LittleEndian()
                .u32(facs).u32(dsdt)
                // Reserved; profile: desktop.
                .u8(0, 1)
                // No SMI command port: ACPI mode is always on.
                .u16(SCI).u32(0).u8(0, 0, 0, 0)
                .u32(pm1Event).u32(0).u32(pm1Control).u32(0).u32(0).u32(timer).u32(gpe0).u32(0)
                // Lengths of PM1 event, control, PM2, timer, GPE0, GPE1; GPE1 base; no C-state control.
                .u8(4, 2, 0, 4, 4, 0, 0, 0)
                // C2 and C3 latencies above 100 and 1000 us: not there. No flush by reading, no duty cycle.
                .u16(101).u16(1001).u16(0).u16(0).u8(0, 0)
                // No day and month alarm; the century is in CMOS.
                .u8(0, 0, Rtc.CENTURY)
                .u16(LEGACY_DEVICES | HAS_8042 | (vga ? 0 : NO_VGA)).u8(0).u32(flags)
                // Reset: write 6 to port 0xcf9.
                .bytes(ports(0xcf9, 8)).u8(0x06).u16(0).u8(0)
                .u64(facs).u64(dsdt)
                .bytes(ports(pm1Event, 32)).bytes(ports(0, 0)).bytes(ports(pm1Control, 16)).bytes(ports(0, 0)).bytes(ports(0, 0))
                .bytes(ports(timer, 32)).bytes(ports(gpe0, 32)).bytes(ports(0, 0)).toBytes();
    }

    /** Generic address structure for ports (ACPI 6.5, 5.2.3.2); all zero for none. */
    private static byte[] ports(int address, int bits) {
        int accessSize = bits == 0 ? 0 : bits == 8 ? 1 : bits == 16 ? 2 : 3;
        return new LittleEndian().u8(bits == 0 ? 0 : 1, bits, 0, accessSize).u64(address).toBytes();
    }

    private static byte[] madt(int vcpus, int ioApicId) {
        // A PC/AT-compatible pair of 8259A is there too.
        LittleEndian out = new LittleEndian().u32(0xfee0_0000L).u32(1);
        for (int i = 0; i < vcpus; i++) {
            out.u8(0, 8, i, i).u32(1);
        }
        out.u8(1, 12, ioApicId, 0).u32(IoApic.ADDRESS).u32(0);
        // ISA 0 is on input 2, edge and polarity as the bus; the SCI is active high and level-triggered.
        out.u8(2, 10, 0, 0).u32(2).u16(0);
        out.u8(2, 10, 0, SCI).u32(SCI).u16(0x000d);
        // NMI at LINT1 of all processors.
        out.u8(4, 6, 0xff).u16(0).u8(1);
        return out.toBytes();
    }

    private static byte[] rsdp(long rsdt, long xsdt) {
        byte[] table = new LittleEndian().text("RSD PTR ", 8, 0).u8(0).text("PROTEU", 6, ' ').u8(2).u32(rsdt).u32(RSDP_LENGTH)
                .u64(xsdt).u8(0).zeros(3).toBytes();
        LittleEndian.checksum(table, 0, 20, 8);
        LittleEndian.checksum(table, 0, RSDP_LENGTH, 32);
        return table;
    }
}
