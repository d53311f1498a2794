package proteus.loader;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import proteus.api.io.Board.MapEntry;
import proteus.api.memory.GuestMemory;
import proteus.api.vm.GuestLoader.LoadedGuest;

/** Multiboot 0.6.96 images: ELF files, and flat files with address fields in the header (sections 3.1 to 3.3). */
final class MultibootProtocol implements Protocol {
    private static final long HEADER_MAGIC = 0x1badb002L;
    private static final int LOADER_MAGIC = 0x2badb002;
    private static final int SEARCH_BYTES = 8192, HEADER_BYTES = 12, ADDRESS_BYTES = 32;
    /** Header flags (3.1.2). A loader must refuse an image whose flags 0 to 15 it cannot satisfy. */
    private static final long ALIGN_MODULES = 1, WANTS_MEMORY = 2, WANTS_VIDEO = 4, REQUIRED = 0xffff, HAS_ADDRESSES = 1 << 16;
    /** Information flags (3.3). */
    private static final int INFO_MEMORY = 1, INFO_COMMAND_LINE = 1 << 2, INFO_MODULES = 1 << 3, INFO_MAP = 1 << 6, INFO_LOADER_NAME = 1 << 9;
    private static final int INFO_BYTES = 116, MODULE_BYTES = 16, MAP_ENTRY_BYTES = 24;
    private static final byte[] LOADER_NAME = "Proteus".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] MODULE_NAME = "initrd".getBytes(StandardCharsets.US_ASCII);
    private static final long KILO = 1024, MEGA = 1 << 20, CONVENTIONAL_END = 640 * KILO;

    @Override
    public boolean recognises(Image image) {
        return headerOffset(image) >= 0;
    }

    /** The header lies 4-byte aligned within the first 8192 bytes (3.1); magic and checksum identify it. */
    private static long headerOffset(Image image) {
        for (long at = 0; at <= SEARCH_BYTES - HEADER_BYTES && image.has(at, HEADER_BYTES); at += 4) {
            if (image.u32(at) == HEADER_MAGIC && (int) (HEADER_MAGIC + image.u32(at + 4) + image.u32(at + 8)) == 0) {
                return at;
            }
        }
        return -1;
    }

    @Override
    public LoadedGuest load(Boot boot) {
        boot.refuseOtherThan32("Multiboot");
        Image image = boot.image();
        Ram ram = boot.ram();
        long header = headerOffset(image);
        long flags = image.u32(header + 4);
        long unknown = flags & REQUIRED & ~(ALIGN_MODULES | WANTS_MEMORY | WANTS_VIDEO);
        if (unknown != 0) {
            throw image.fail("requires Multiboot features that do not exist in version 0.6.96 (header flags 0x%x): it is damaged or wants another loader", unknown);
        }
        List<String> notes = new ArrayList<>();
        if ((flags & WANTS_VIDEO) != 0) {
            notes.add("the image asks for a video mode; it was given none");
        }
        boolean flat = (flags & HAS_ADDRESSES) != 0;
        Placed placed = flat ? loadFlat(boot, header) : loadElf(boot);
        if (!ram.isRam(placed.entry, 1)) {
            throw image.fail("has the entry point 0x%x, where there is no memory: it is damaged, or the VM has too little memory", placed.entry);
        }
        long info = information(boot, placed.end);
        long[] gpr = new long[16];
        gpr[StartState.RAX] = LOADER_MAGIC;
        gpr[StartState.RBX] = info;
        long gdt = ram.structure("descriptor table", StartState.gdtBytes(), 16);
        return new LoadedGuest(StartState.protected32(ram, gdt, placed.entry, gpr), "Multiboot 1, %s, entry 0x%x".formatted(flat ? "flat" : "ELF", placed.entry), notes);
    }

    private record Placed(long entry, long end) {}

    private static Placed loadElf(Boot boot) {
        Image image = boot.image();
        if (!ElfImage.hasMagic(image)) {
            throw image.fail("has a Multiboot header without address fields but is not an ELF file, so nothing says where to load it: it is damaged, get it again");
        }
        ElfImage elf = ElfImage.parse(image);
        long end = elf.load(boot.ram());
        return new Placed(elf.physical(elf.entry()), end);
    }

    /** Address fields (3.1.3). */
    private static Placed loadFlat(Boot boot, long header) {
        Image image = boot.image();
        Ram ram = boot.ram();
        if (!image.has(header, ADDRESS_BYTES)) {
            throw image.fail("ends inside its Multiboot header; it is truncated, get it again");
        }
        long headerAddress = image.u32(header + 12), load = image.u32(header + 16), loadEnd = image.u32(header + 20), bssEnd = image.u32(header + 24), entry = image.u32(header + 28);
        long offset = header - (headerAddress - load);
        if (headerAddress < load || offset < 0) {
            throw image.fail("has contradicting Multiboot address fields (header at 0x%x, load at 0x%x): it is damaged, get it again", headerAddress, load);
        }
        long bytes = loadEnd == 0 ? image.size() - offset : loadEnd - load;
        if (bytes <= 0 || !image.has(offset, bytes)) {
            throw image.fail("is truncated: its Multiboot header announces the bytes 0x%x to 0x%x of the file, which has 0x%x; get it again", offset, offset + bytes, image.size());
        }
        long end = Math.max(load + bytes, bssEnd);
        if (!ram.isRam(load, end - load)) {
            throw image.fail("needs RAM from 0x%x to 0x%x, which this VM of %s does not have: give it at least %s of memory", load, end, Ram.mebibytes(ram.size()), Ram.mebibytes(end));
        }
        ram.write(load, image.bytes(), offset, bytes);
        ram.clear(load + bytes, end - load - bytes);
        ram.take(load, end - load);
        return new Placed(entry, end);
    }

    private static long information(Boot boot, long imageEnd) {
        Ram ram = boot.ram();
        GuestMemory memory = ram.memory();
        long info = ram.structure("Multiboot information", INFO_BYTES, 8);
        int flags = INFO_MEMORY | INFO_COMMAND_LINE | INFO_MAP | INFO_LOADER_NAME;
        memory.write32(info + 4, (int) (Math.min(ram.endOfRamAt(0), CONVENTIONAL_END) / KILO));
        memory.write32(info + 8, (int) ((ram.endOfRamAt(MEGA) - MEGA) / KILO));
        memory.write32(info + 16, (int) boot.placeCommandLine());
        if (boot.initrd().length > 0) {
            flags |= INFO_MODULES;
            // Directly behind the image, as GRUB does: kernels map little memory beyond their own end at first.
            OptionalLong place = ram.lowest(Math.max(Ram.align(imageEnd, Ram.PAGE), MEGA), boot.initrd().length, Ram.PAGE);
            long at = boot.placeInitrd(place, "behind the kernel in the memory");
            long name = ram.structure("module name", MODULE_NAME.length + 1L, 4);
            ram.writeText(name, MODULE_NAME);
            long module = ram.structure("module list", MODULE_BYTES, 4);
            memory.write32(module, (int) at);
            memory.write32(module + 4, (int) (at + boot.initrd().length));
            memory.write32(module + 8, (int) name);
            memory.write32(info + 20, 1);
            memory.write32(info + 24, (int) module);
        }
        List<MapEntry> map = boot.firmware().map();
        long table = ram.structure("memory map", (long) map.size() * MAP_ENTRY_BYTES, 4);
        for (int i = 0; i < map.size(); i++) {
            long at = table + (long) i * MAP_ENTRY_BYTES;
            // The size field does not count itself (3.3).
            memory.write32(at, MAP_ENTRY_BYTES - 4);
            memory.write64(at + 4, map.get(i).gpa());
            memory.write64(at + 12, map.get(i).bytes());
            memory.write32(at + 20, map.get(i).type());
        }
        memory.write32(info + 44, map.size() * MAP_ENTRY_BYTES);
        memory.write32(info + 48, (int) table);
        long loader = ram.structure("loader name", LOADER_NAME.length + 1L, 4);
        ram.writeText(loader, LOADER_NAME);
        memory.write32(info + 64, (int) loader);
        memory.write32(info, flags);
        return info;
    }
}
