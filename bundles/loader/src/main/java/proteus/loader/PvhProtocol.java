package proteus.loader;

import java.util.List;
import java.util.OptionalLong;
import proteus.api.io.Board.MapEntry;
import proteus.api.memory.GuestMemory;
import proteus.api.vm.GuestLoader.LoadedGuest;

/** ELF32 and ELF64 kernels that name a 32-bit entry point in a Xen note (Xen docs/misc/pvh.pandoc; public/arch-x86/hvm/start_info.h, version 1). */
final class PvhProtocol implements Protocol {
    private static final int XEN_ELFNOTE_PHYS32_ENTRY = 18;
    private static final int START_MAGIC = 0x336ec578, START_VERSION = 1, START_BYTES = 56, MODULE_BYTES = 32, MAP_ENTRY_BYTES = 24;
    /** A 32-bit Linux reaches only its low memory early (MAXMEM with the usual split). */
    private static final long MODULE_MAX_32 = 0x37ff_ffffL;

    @Override
    public boolean recognises(Image image) {
        // A file too broken to be parsed is not a matter of this protocol: the loader says what is wrong with it.
        return ElfImage.hasMagic(image) && ElfImage.parse(image).note("Xen", XEN_ELFNOTE_PHYS32_ENTRY).isPresent();
    }

    @Override
    public LoadedGuest load(Boot boot) {
        boot.refuseOtherThan32("ELF with a PVH note");
        ElfImage elf = ElfImage.parse(boot.image());
        long entry = elf.note("Xen", XEN_ELFNOTE_PHYS32_ENTRY).orElseThrow();
        Ram ram = boot.ram();
        elf.load(ram);
        if (!ram.isRam(entry, 1)) {
            throw boot.image().fail("has a PVH note with the entry point 0x%x, where there is no memory: it is damaged, or the VM has too little memory", entry);
        }
        GuestMemory memory = ram.memory();
        long start = ram.structure("start information", START_BYTES, 8);
        memory.write32(start, START_MAGIC);
        memory.write32(start + 4, START_VERSION);
        memory.write64(start + 24, boot.placeCommandLine());
        memory.write64(start + 32, boot.firmware().rsdp());
        if (boot.initrd().length > 0) {
            OptionalLong place = ram.highest(elf.wide() ? Ram.BELOW_4G - 1 : MODULE_MAX_32, boot.initrd().length, Ram.PAGE);
            long at = boot.placeInitrd(place, "beside the kernel in the memory");
            long module = ram.structure("module list", MODULE_BYTES, 8);
            memory.write64(module, at);
            memory.write64(module + 8, boot.initrd().length);
            memory.write32(start + 12, 1);
            memory.write64(start + 16, module);
        }
        List<MapEntry> map = boot.firmware().map();
        long table = ram.structure("memory map", (long) map.size() * MAP_ENTRY_BYTES, 8);
        for (int i = 0; i < map.size(); i++) {
            long at = table + (long) i * MAP_ENTRY_BYTES;
            memory.write64(at, map.get(i).gpa());
            memory.write64(at + 8, map.get(i).bytes());
            memory.write32(at + 16, map.get(i).type());
        }
        memory.write64(start + 40, table);
        memory.write32(start + 48, map.size());
        long[] gpr = new long[16];
        gpr[StartState.RBX] = start;
        long gdt = ram.structure("descriptor table", StartState.gdtBytes(), 16);
        return new LoadedGuest(StartState.protected32(ram, gdt, entry, gpr), "ELF%d, PVH entry 0x%x".formatted(elf.wide() ? 64 : 32, entry), List.of());
    }
}
