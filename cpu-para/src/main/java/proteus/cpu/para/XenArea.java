package proteus.cpu.para;

import java.util.ArrayList;
import java.util.List;
import proteus.api.silicon.HostMemory;
import proteus.x86.format.PageTable;
import proteus.x86.format.SegmentDescriptor;
import proteus.x86.xen.FlatSelector;

/**
 * The part of every address space that is the hypervisor's: slots 256 to 271 of the root (Xen public/arch-x86/xen-x86_64.h, "Virtual address
 * space layout"). The guest may read the table of its pseudo-physical frames by machine frame there; the descriptor tables lie where
 * only the hardware reaches. All of it is in frames of the hypervisor.
 */
final class XenArea implements AutoCloseable {
    static final long START = 0xffff_8000_0000_0000L, END = 0xffff_8800_0000_0000L;
    /** The table of pseudo-physical frames by machine frame, and where it could end. */
    static final long MACHINE_TO_PHYSICAL = START, MACHINE_TO_PHYSICAL_END = 0xffff_8040_0000_0000L;
    /** What it holds for a frame that is not the domain's. */
    static final long NO_FRAME = -1;
    /** Global and local descriptor table: 64 KiB each, supervisor pages. */
    static final long GDT = 0xffff_8200_0000_0000L, LDT = GDT + (64 << 10);

    /** The task state segment, behind the hypervisor's descriptors: the processor looks there for the ports ring 3 may use, which are none. */
    static final long TSS = GDT + (FlatSelector.FIRST_RESERVED_ENTRY << 3) + 0x800;

    static final int TSS_LIMIT = 0x67;
    private static final int IO_MAP_BASE = 0x66;
    static final int FIRST_SLOT = 256, LAST_SLOT = 271;
    static final int DESCRIPTOR_PAGES = 16;

    private static final int LEVELS = 4, ENTRIES = 512;
    private static final long PAGE = PageTable.PAGE_SIZE;
    private static final long TABLE = PageTable.PRESENT | PageTable.WRITABLE | PageTable.USER | PageTable.ACCESSED | PageTable.DIRTY;
    private static final long GUEST_READS = PageTable.PRESENT | PageTable.USER | PageTable.ACCESSED | PageTable.NX;
    /** Writable for the processor, which sets accessed flags of descriptors. */
    private static final long HARDWARE_ONLY = PageTable.PRESENT | PageTable.WRITABLE | PageTable.ACCESSED | PageTable.DIRTY | PageTable.NX;

    private final HostMemory memory;
    private final String owner;
    private final List<Long> frames = new ArrayList<>();
    /** A root of our own, of which guests' roots get the slots; also what the processor walks when the guest's is not yet there. */
    private final long root;
    private final long machineToPhysical;
    private final long machineToPhysicalBytes;
    private final long firstMfn;
    private final long descriptorEntries;
    /** Descriptors that are not present, where the guest has put no page. */
    private final long empty;

    XenArea(HostMemory memory, FrameTable table, String owner) {
        this.memory = memory;
        this.owner = owner + " hypervisor";
        this.firstMfn = table.first();
        root = frame();
        long from = table.first() * Long.BYTES & -PAGE;
        machineToPhysicalBytes = (table.end() * Long.BYTES + PAGE - 1 & -PAGE) - from;
        machineToPhysical = memory.allocate(machineToPhysicalBytes, PAGE, this.owner) - from;
        memory.fill(machineToPhysical + from, machineToPhysicalBytes, (byte) NO_FRAME);
        for (long at = from; at < from + machineToPhysicalBytes; at += PAGE) {
            memory.write64(leaf(MACHINE_TO_PHYSICAL + at), machineToPhysical + at | GUEST_READS);
        }
        descriptorEntries = leaf(GDT);
        empty = frame();
        for (int page = 0; page < 2 * DESCRIPTOR_PAGES; page++) {
            descriptorPage(page, NO_FRAME);
        }
        long own = frame();
        memory.write64(own + (FlatSelector.CODE32 & 0xff8), SegmentDescriptor.of(0, 0xfffff, FlatSelector.CODE32_RIGHTS));
        memory.write64(own + (FlatSelector.DATA32 & 0xff8), SegmentDescriptor.of(0, 0xfffff, FlatSelector.DATA_RIGHTS));
        memory.write64(own + (FlatSelector.CODE64 & 0xff8), SegmentDescriptor.of(0, 0xfffff, FlatSelector.CODE64_RIGHTS));
        memory.write16(own + (TSS & PAGE - 1) + IO_MAP_BASE, TSS_LIMIT + 1);
        descriptorPage(FlatSelector.FIRST_RESERVED_ENTRY / ENTRIES, own >>> FrameTable.SHIFT);
    }

    private long frame() {
        long hpa = memory.allocate(PAGE, PAGE, owner);
        frames.add(hpa);
        return hpa;
    }

    /** Host-physical address of the level-1 entry of an address of ours, tables made as needed. */
    private long leaf(long virtual) {
        long table = root;
        for (int level = LEVELS; level > 1; level--) {
            long at = table + PageTable.index(virtual, level) * Long.BYTES;
            if (memory.read64(at) == 0) {
                memory.write64(at, frame() | TABLE);
            }
            table = memory.read64(at) & PageTable.FRAME;
        }
        return table + PageTable.index(virtual, 1) * Long.BYTES;
    }

    /** Puts our slots into a root of the guest. */
    void install(long guestRoot) {
        for (int slot = FIRST_SLOT; slot <= LAST_SLOT; slot++) {
            memory.write64(guestRoot + slot * Long.BYTES, memory.read64(root + slot * Long.BYTES));
        }
    }

    /** Takes them away before the frame becomes the guest's to read and write. */
    void remove(long guestRoot) {
        memory.fill(guestRoot + FIRST_SLOT * Long.BYTES, (LAST_SLOT - FIRST_SLOT + 1) * Long.BYTES, (byte) 0);
    }

    static boolean owns(long virtual) {
        return virtual >= START && virtual < END;
    }

    void pseudoPhysical(long mfn, long pfn) {
        memory.write64(machineToPhysical + mfn * Long.BYTES, pfn);
    }

    /**
     * Maps a frame of descriptors.
     *
     * @param page 0 to 15 in the GDT, 16 to 31 in the LDT
     * @param mfn the frame, or {@link #NO_FRAME} for none
     */
    void descriptorPage(int page, long mfn) {
        memory.write64(descriptorEntries + page * Long.BYTES, (mfn == NO_FRAME ? empty : mfn << FrameTable.SHIFT) | HARDWARE_ONLY);
    }

    /** The descriptor at an offset from {@link #GDT}, in it or in the LDT behind it. */
    long descriptor(long offset) {
        long entry = memory.read64(descriptorEntries + (offset >>> FrameTable.SHIFT) * Long.BYTES);
        return memory.read64((entry & PageTable.FRAME) + (offset & PAGE - Long.BYTES));
    }

    @Override
    public void close() {
        frames.forEach(hpa -> memory.release(hpa, PAGE));
        memory.release(machineToPhysical + (firstMfn * Long.BYTES & -PAGE), machineToPhysicalBytes);
    }
}
