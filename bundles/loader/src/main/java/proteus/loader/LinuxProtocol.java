package proteus.loader;

import static proteus.loader.LinuxHeader.CAN_USE_HEAP;
import static proteus.loader.LinuxHeader.CMD_LINE_PTR;
import static proteus.loader.LinuxHeader.HEAP_END_PTR;
import static proteus.loader.LinuxHeader.LOADFLAGS;
import static proteus.loader.LinuxHeader.RAMDISK_IMAGE;
import static proteus.loader.LinuxHeader.RAMDISK_SIZE;
import static proteus.loader.LinuxHeader.TYPE_OF_LOADER;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import proteus.api.io.Board.MapEntry;
import proteus.api.state.ArchState;
import proteus.api.vm.GuestLoadException;
import proteus.api.vm.GuestLoader.LoadedGuest;
import proteus.api.vm.VmSpec;

/** Linux bzImage by its 16, 32 and 64-bit boot protocols (Documentation/arch/x86/boot.rst). */
final class LinuxProtocol implements Protocol {
    /** Zero page (boot.rst / zero-page.rst). */
    private static final int ACPI_RSDP_ADDR = 0x70, ALT_MEM_K = 0x1e0, E820_ENTRIES = 0x1e8, E820_TABLE = 0x2d0, EXT_MEM_K = 0x02;
    private static final int E820_ENTRY_BYTES = 20, E820_MOST = 128;
    private static final int ZERO_PAGE_BYTES = 0x1000;
    private static final int LOADER_UNDEFINED = 0xff;
    /** The 64-bit entry lies this far into the protected-mode code. */
    private static final int ENTRY_64 = 0x200;
    /** Real-mode memory as boot.rst ("Sample Boot Configuration") lays it out: code at the base, heap and stack to 0xe000, then the command line. */
    private static final int REAL_BASE = 0x1_0000, HEAP_END = 0xe000, HEAP_SLACK = 0x200, REAL_END = 0x1_0000;
    /** The heap of the set-up code must have room above its code and data; the document asks for the data to fit 32 KiB. */
    private static final int SETUP_MOST = 0x9000;
    private static final long KILO = 1024, MEGA = 1 << 20;

    @Override
    public boolean recognises(Image image) {
        return isBootSector(image) && image.has(LinuxHeader.MAGIC, 6) && image.u32(LinuxHeader.MAGIC) == LinuxHeader.HDRS;
    }

    static boolean isBootSector(Image image) {
        return image.has(LinuxHeader.BOOT_FLAG, 2) && image.u16(LinuxHeader.BOOT_FLAG) == LinuxHeader.BOOT_SECTOR;
    }

    @Override
    public LoadedGuest load(Boot boot) {
        Image image = boot.image();
        LinuxHeader header = LinuxHeader.parse(image);
        VmSpec.Entry entry = entry(boot, header);
        requireMemory(boot, header);
        if (boot.commandLine().length > Math.min(header.commandLineMax(), REAL_END - 1)) {
            throw image.fail("takes a command line of at most %d bytes but it was given %d: shorten it", header.commandLineMax(), boot.commandLine().length);
        }
        Ram ram = boot.ram();
        ram.take(header.runtimeStart(), header.initBytes());
        ram.take(header.code32Start(), header.payloadBytes());
        ram.write(header.code32Start(), image.bytes(), header.setupBytes(), header.payloadBytes());
        String name = "Linux" + (header.release().isEmpty() ? "" : " " + header.release()) + " bzImage, boot protocol " + header.versionText();
        return switch (entry) {
            case REAL_16 -> real(boot, header, name);
            case LONG_64 -> flat(boot, header, name, true);
            case BEST, PROTECTED_32, FIRMWARE -> flat(boot, header, name, false);
        };
    }

    private static VmSpec.Entry entry(Boot boot, LinuxHeader header) {
        return switch (boot.entry()) {
            case BEST -> header.has64BitEntry() ? VmSpec.Entry.LONG_64 : VmSpec.Entry.PROTECTED_32;
            case LONG_64 -> {
                if (!header.has64BitEntry()) {
                    throw boot.image().fail("has no 64-bit entry (it is a 32-bit kernel, or one before Linux 3.8): take the 32-bit or the 16-bit entry");
                }
                yield VmSpec.Entry.LONG_64;
            }
            // A machine that starts from its ROM never comes here.
            case REAL_16, PROTECTED_32, FIRMWARE -> boot.entry();
        };
    }

    private static void requireMemory(Boot boot, LinuxHeader header) {
        if (header.code32Start() < MEGA) {
            throw LinuxHeader.badField(boot.image(), "code32_start", header.code32Start(), "at or above 1 MiB");
        }
        long start = header.runtimeStart();
        if (start < 0 || start >= Ram.BELOW_4G) {
            throw LinuxHeader.badField(boot.image(), "pref_address", header.preferredAddress(), "below 4 GiB");
        }
        if (start < MEGA) {
            throw LinuxHeader.badField(boot.image(), "pref_address", start, "at or above 1 MiB");
        }
        long end = Math.max(start + header.initBytes(), header.code32Start() + header.payloadBytes());
        Ram ram = boot.ram();
        boolean fits = ram.isRam(header.code32Start(), header.payloadBytes()) && ram.isRam(start, header.initBytes());
        if (!fits) {
            throw boot.image().fail("needs at least %s of memory to unpack and start (0x%x to 0x%x) and this VM has %s: give it more memory", Ram.mebibytes(end),
                    header.code32Start(), end, Ram.mebibytes(ram.size()));
        }
    }

    /** 32 and 64-bit boot protocol: the zero page in RSI. */
    private static LoadedGuest flat(Boot boot, LinuxHeader header, String name, boolean wide) {
        Ram ram = boot.ram();
        long zeroPage = ram.structure("zero page", ZERO_PAGE_BYTES, Ram.PAGE);
        ram.write(zeroPage + LinuxHeader.START, boot.image().bytes(), LinuxHeader.START, Math.max(0, header.end() - LinuxHeader.START));
        fillHeader(boot, header, zeroPage, boot.placeCommandLine());
        List<String> notes = fillMap(boot, zeroPage);
        ram.memory().write64(zeroPage + ACPI_RSDP_ADDR, boot.firmware().rsdp());
        long gdt = ram.structure("descriptor table", StartState.gdtBytes(), 16);
        long[] gpr = new long[16];
        gpr[StartState.RSI] = zeroPage;
        ArchState state = wide ? StartState.long64(ram, gdt, header.code32Start() + ENTRY_64, gpr) : StartState.protected32(ram, gdt, header.code32Start(), gpr);
        return new LoadedGuest(state, name + (wide ? ", 64-bit entry" : ", 32-bit entry"), notes);
    }

    /** 16-bit boot protocol: the kernel's own set-up code runs in real mode and asks our small BIOS. */
    private static LoadedGuest real(Boot boot, LinuxHeader header, String name) {
        Ram ram = boot.ram();
        if (header.setupBytes() > SETUP_MOST) {
            throw LinuxHeader.badField(boot.image(), "setup_sects", header.setupBytes() / 512 - 1, "at most " + (SETUP_MOST / 512 - 1));
        }
        int room = REAL_END - HEAP_END;
        if (boot.commandLine().length >= room) {
            throw boot.image().fail("can be given at most %d bytes of command line by its 16-bit entry but it was given %d: shorten it or take another entry", room - 1, boot.commandLine().length);
        }
        if (!ram.free(REAL_BASE, REAL_END)) {
            throw new GuestLoadException("The 16-bit entry of '%s' needs conventional memory from 0x%x to 0x%x, which this VM does not have: take another entry."
                    .formatted(boot.image().name(), REAL_BASE, REAL_BASE + REAL_END));
        }
        ram.take(REAL_BASE, REAL_END);
        ram.clear(REAL_BASE, REAL_END);
        ram.write(REAL_BASE, boot.image().bytes(), 0, header.setupBytes());
        ram.writeText(REAL_BASE + HEAP_END, boot.commandLine());
        fillHeader(boot, header, REAL_BASE, REAL_BASE + HEAP_END);
        ram.memory().write16(REAL_BASE + HEAP_END_PTR, HEAP_END - HEAP_SLACK);
        ram.memory().write8(REAL_BASE + LOADFLAGS, header.loadFlags() | CAN_USE_HEAP);
        long bios = BiosStub.install(ram, boot.firmware());
        int segment = REAL_BASE >> 4;
        return new LoadedGuest(StartState.real(segment + 0x20, segment, HEAP_END), name + ", 16-bit entry",
                List.of("a BIOS of %d bytes at 0x%x answers int 10h (text to the first serial port), 11h, 12h, 15h (memory map) and 1Ah; there are no BIOS disks and no BIOS keyboard"
                        .formatted(BiosStub.size(), bios)));
    }

    /** The fields that a loader writes, in the zero page or in the real-mode code: they have the same offsets. */
    private static void fillHeader(Boot boot, LinuxHeader header, long base, long commandLine) {
        Ram ram = boot.ram();
        ram.memory().write8(base + TYPE_OF_LOADER, LOADER_UNDEFINED);
        ram.memory().write32(base + CMD_LINE_PTR, (int) commandLine);
        if (boot.initrd().length > 0) {
            OptionalLong place = ram.highest(Math.min(header.initrdMax(), Ram.BELOW_4G - 1), boot.initrd().length, Ram.PAGE);
            long at = boot.placeInitrd(place, "between the end of the kernel (0x%x) and 0x%x".formatted(header.runtimeStart() + header.initBytes(),
                    Math.min(header.initrdMax() + 1, ram.endOfRamAt(MEGA))));
            ram.memory().write32(base + RAMDISK_IMAGE, (int) at);
            ram.memory().write32(base + RAMDISK_SIZE, boot.initrd().length);
        } else {
            ram.memory().write32(base + RAMDISK_IMAGE, 0);
            ram.memory().write32(base + RAMDISK_SIZE, 0);
        }
    }

    private static List<String> fillMap(Boot boot, long zeroPage) {
        Ram ram = boot.ram();
        List<MapEntry> map = boot.firmware().map();
        int entries = Math.min(map.size(), E820_MOST);
        for (int i = 0; i < entries; i++) {
            long at = zeroPage + E820_TABLE + (long) i * E820_ENTRY_BYTES;
            ram.memory().write64(at, map.get(i).gpa());
            ram.memory().write64(at + 8, map.get(i).bytes());
            ram.memory().write32(at + 16, map.get(i).type());
        }
        ram.memory().write8(zeroPage + E820_ENTRIES, entries);
        long extended = (ram.endOfRamAt(MEGA) - MEGA) / KILO;
        ram.memory().write32(zeroPage + ALT_MEM_K, (int) extended);
        ram.memory().write16(zeroPage + EXT_MEM_K, (int) Math.min(extended, 0xffff));
        List<String> notes = new ArrayList<>();
        if (map.size() > E820_MOST) {
            notes.add("the memory map has %d ranges, the guest was told the first %d".formatted(map.size(), E820_MOST));
        }
        return notes;
    }
}
