package proteus.loader;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import proteus.api.memory.GuestMemory;
import proteus.api.vm.GuestLoadException;
import proteus.api.vm.GuestLoader.LoadedGuest;
import proteus.api.vm.VmSpec;
import proteus.x86.xen.ElfNote;
import proteus.x86.xen.HypercallPage;
import proteus.x86.xen.StartInfo;
import proteus.x86.xen.Width;

/**
 * Builds a paravirtual domain around a kernel that says in ELF notes how it wants to start (Xen public/elfnote.h; public/xen.h,
 * "start of day memory layout"): kernel, start information, rings, page tables, stack, and behind them the RAM disk and the list of
 * machine frames.
 */
final class XenDomainBuilder {
    private static final long PAGE = 0x1000;
    /** The mapped region has so much room behind the last thing in it, and ends at a multiple of 4 MiB. */
    private static final long PADDING = 512 << 10, REGION_ALIGNMENT = 4 << 20;
    /** The event channel of the console ring. */
    private static final int CONSOLE_PORT = 1;
    private static final String CONSOLE = "hvc0";

    private final Image image;
    private final ElfImage elf;
    private final VmSpec.BootSpec boot;
    private final DomainMemory memory;
    private final List<String> notes = new ArrayList<>();
    private final byte[] commandLine;
    private final Width width;
    private final long virtualBase;
    private final OptionalLong initP2m;
    private final boolean moduleByFrame;

    private long next;
    private int startInfo, store, console, tables, tableCount, stack, module, p2m;
    private long mappedBytes;

    private XenDomainBuilder(Image image, ElfImage elf, VmSpec.BootSpec boot, GuestMemory memory) {
        this.image = image;
        this.elf = elf;
        this.boot = boot;
        this.memory = new DomainMemory(memory);
        this.width = elf.wide() ? Width.WIDE : Width.NARROW;
        this.commandLine = commandLine();
        this.virtualBase = note(ElfNote.VIRT_BASE).orElse(0);
        this.initP2m = note(ElfNote.INIT_P2M);
        this.moduleByFrame = note(ElfNote.MOD_START_PFN).orElse(0) != 0;
    }

    /** @throws GuestLoadException with one sentence: not made for Xen, without PAE, too little memory */
    static LoadedGuest build(VmSpec.BootSpec boot, GuestMemory memory) {
        Image file = new Image(boot.name(), boot.kernel());
        if (file.size() == 0) {
            throw file.fail("is empty: name a kernel built with CONFIG_XEN_PV, such as Debian's linux-image-amd64");
        }
        Image kernel = KernelPayload.elf(file);
        ElfImage elf = ElfImage.parse(kernel);
        if (elf.note64(ElfNote.OWNER, ElfNote.ENTRY).isEmpty()) {
            throw kernel.fail("was not made for a paravirtual domain (it has no note XEN_ELFNOTE_ENTRY): take a kernel built with CONFIG_XEN_PV, such as Debian's"
                    + " linux-image-amd64, or another CPU technique than para");
        }
        if (!elf.wide() && !elf.noteText(ElfNote.OWNER, ElfNote.PAE_MODE).startsWith("yes")) {
            throw kernel.fail("is a 32-bit kernel without PAE, and paravirtual domains have PAE page tables: take one built with CONFIG_X86_PAE");
        }
        return new XenDomainBuilder(kernel, elf, boot, memory).build();
    }

    private OptionalLong note(int type) {
        return elf.note64(ElfNote.OWNER, type);
    }

    private byte[] commandLine() {
        String words = boot.commandLine();
        if (!words.contains(CONSOLE)) {
            // The last one named is /dev/console.
            words = (words + " console=" + CONSOLE).strip();
            notes.add("a paravirtual domain has no serial port: console=" + CONSOLE + " was added to the command line");
        }
        byte[] bytes = words.getBytes(StandardCharsets.UTF_8);
        if (bytes.length >= StartInfo.CMD_LINE_BYTES) {
            throw image.fail("is given a command line of %d bytes, but the start information has room for %d: shorten it", bytes.length, StartInfo.CMD_LINE_BYTES - 1);
        }
        return bytes;
    }

    private LoadedGuest build() {
        memory.clear();
        if (note(ElfNote.PADDR_OFFSET).orElse(0) != 0) {
            throw image.fail("gives its addresses with an offset (XEN_ELFNOTE_PADDR_OFFSET), as kernels before Linux 2.6.23 do: take a newer one");
        }
        next = elf.load(memory);
        place();
        InitialTables initial = new InitialTables(memory, tables, tableCount, width);
        initial.map(virtualBase, 0, (int) (mappedBytes / PAGE));
        writeFrameList();
        initP2m.ifPresent(at -> initial.map(at, p2m, p2mPages()));
        memory.write((long) module * PAGE, boot.initrd(), 0, boot.initrd().length);
        writeStartInfo();
        note(ElfNote.HYPERCALL_PAGE).ifPresent(this::writeHypercallPage);
        long[] gpr = new long[16];
        gpr[StartState.RSP] = virtualBase + (stack + 1) * PAGE;
        gpr[StartState.RSI] = virtualBase + startInfo * PAGE;
        long entry = note(ElfNote.ENTRY).orElseThrow();
        return new LoadedGuest(StartState.xenDomain(width, entry, memory.mfn(tables) * PAGE, gpr), "Xen's paravirtual protocol, entry 0x%x".formatted(entry), notes);
    }

    /** Gives every element its frames; the size of the tables depends on the region they map and lie in themselves. */
    private void place() {
        if (!moduleByFrame) {
            module = frames(modulePages());
        }
        if (initP2m.isEmpty()) {
            p2m = frames(p2mPages());
        }
        startInfo = frames(1);
        store = frames(1);
        console = frames(1);
        tables = frames(0);
        do {
            tableCount++;
            stack = tables + tableCount;
            mappedBytes = Ram.align((stack + 1) * PAGE + PADDING, REGION_ALIGNMENT);
        } while (tableCount < InitialTables.fixedTables(width) + InitialTables.tablesFor(virtualBase, mappedBytes, width)
                + (initP2m.isPresent() ? InitialTables.tablesFor(initP2m.getAsLong(), p2mPages() * PAGE, width) : 0));
        // The padding is the kernel's to use.
        next = mappedBytes;
        if (moduleByFrame) {
            module = frames(modulePages());
        }
        if (initP2m.isPresent()) {
            p2m = frames(p2mPages());
        }
        long needed = Math.max(next, mappedBytes);
        if (needed > memory.pages() * PAGE) {
            throw new GuestLoadException("A paravirtual domain with '%s' needs at least %s of memory and has %s: give the VM more."
                    .formatted(image.name(), Ram.mebibytes(needed + PAGE), Ram.mebibytes(memory.pages() * PAGE)));
        }
    }

    /** The next free frames. */
    private int frames(int count) {
        long at = Ram.align(next, PAGE);
        next = at + count * PAGE;
        return (int) (at / PAGE);
    }

    private int modulePages() {
        return (int) (Ram.align(boot.initrd().length, PAGE) / PAGE);
    }

    private int p2mPages() {
        return (int) (Ram.align((long) memory.pages() * width.bytes, PAGE) / PAGE);
    }

    private void writeFrameList() {
        for (int pfn = 0; pfn < memory.pages(); pfn++) {
            writeWord(p2m * PAGE + (long) pfn * width.bytes, memory.mfn(pfn));
        }
    }

    private void writeWord(long address, long value) {
        if (width.wide()) {
            memory.write64(address, value);
        } else {
            memory.write32(address, (int) value);
        }
    }

    private void put(StartInfo field, long value) {
        writeWord(startInfo * PAGE + field.at(width), value);
    }

    private void put(StartInfo field, int value) {
        memory.write32(startInfo * PAGE + field.at(width), value);
    }

    private void put(StartInfo field, byte[] text) {
        memory.write(startInfo * PAGE + field.at(width), text, 0, text.length);
    }

    private void writeStartInfo() {
        put(StartInfo.MAGIC, width.platform.getBytes(StandardCharsets.US_ASCII));
        put(StartInfo.NR_PAGES, (long) memory.pages());
        put(StartInfo.SHARED_INFO, sharedInfo());
        // The ring of XenStore is there, but nobody is behind it: no event channel says so.
        put(StartInfo.STORE_MFN, memory.mfn(store));
        put(StartInfo.CONSOLE_MFN, memory.mfn(console));
        put(StartInfo.CONSOLE_EVTCHN, CONSOLE_PORT);
        put(StartInfo.PT_BASE, virtualBase + tables * PAGE);
        put(StartInfo.NR_PT_FRAMES, (long) tableCount);
        put(StartInfo.MFN_LIST, initP2m.orElse(virtualBase + p2m * PAGE));
        put(StartInfo.FIRST_P2M_PFN, initP2m.isPresent() ? p2m : 0L);
        put(StartInfo.NR_P2M_FRAMES, initP2m.isPresent() ? p2mPages() : 0L);
        if (boot.initrd().length > 0) {
            put(StartInfo.FLAGS, moduleByFrame ? StartInfo.SIF_MOD_START_PFN : 0);
            put(StartInfo.MOD_START, moduleByFrame ? module : virtualBase + module * PAGE);
            put(StartInfo.MOD_LEN, (long) boot.initrd().length);
        }
        put(StartInfo.CMD_LINE, commandLine);
    }

    /** Machine address, for which a 32-bit kernel has 32 bits. */
    private long sharedInfo() {
        long address = memory.sharedInfoMfn() * PAGE;
        if (width.address(address) != address) {
            throw image.fail("is a 32-bit kernel, and the shared information of its domain would lie above 4 GiB of the host: make the host's memory smaller");
        }
        return address;
    }

    private void writeHypercallPage(long virtual) {
        long address = virtual - virtualBase;
        if (!memory.has(address, HypercallPage.BYTES)) {
            throw image.fail("wants its hypercall page at 0x%x, which is outside of its memory: it is damaged, get it again", virtual);
        }
        memory.write(address, HypercallPage.content(width), 0, HypercallPage.BYTES);
    }
}
