package proteus.cpu.para;

import java.util.ArrayList;
import java.util.List;
import proteus.api.silicon.HostMemory;
import proteus.x86.format.PageTable;
import proteus.x86.format.SegmentDescriptor;
import proteus.x86.xen.FlatSelector;
import proteus.x86.xen.Width;

/**
 * The part of every address space that is the hypervisor's: slots 256 to 271 of the root, or the end of the last table of level 2 of a 32-bit
 * guest (Xen public/arch-x86/xen-x86_64.h, "Virtual address space layout"; xen-x86_32.h). The guest may read the table of its pseudo-physical frames by
 * machine frame there; the descriptor tables lie above all that 32 bits reach, where only the hardware comes. All of it is in frames of the hypervisor.
 */
final class XenArea implements AutoCloseable {
    /** What the table of pseudo-physical frames holds for a frame that is not the domain's. */
    static final long NO_FRAME = -1;
    /** Global and local descriptor table: 64 KiB each, supervisor pages. */
    static final long GDT = 0xffff_8200_0000_0000L, LDT = GDT + (64 << 10);

    /** The task state segment, behind the hypervisor's descriptors: the processor looks there for the ports the guest may use, which are none. */
    static final long TSS = GDT + (FlatSelector.FIRST_RESERVED_ENTRY << 3) + 0x800;

    static final int TSS_LIMIT = 0x67;
    static final int DESCRIPTOR_PAGES = 16;

    private static final int IO_MAP_BASE = 0x66;
    private static final int LEVELS = 4, ENTRIES = 512, DESCRIPTOR = 0xff8;
    private static final long PAGE = PageTable.PAGE_SIZE, FLAT = 0xfffff;
    private static final long TABLE = PageTable.PRESENT | PageTable.WRITABLE | PageTable.USER | PageTable.ACCESSED | PageTable.DIRTY;
    private static final long GUEST_READS = PageTable.PRESENT | PageTable.USER | PageTable.ACCESSED | PageTable.NX;
    /** Writable for the processor, which sets accessed flags of descriptors. */
    private static final long HARDWARE_ONLY = PageTable.PRESENT | PageTable.WRITABLE | PageTable.ACCESSED | PageTable.DIRTY | PageTable.NX;

    private final HostMemory memory;
    private final String owner;
    private final Width width;
    private final List<Long> frames = new ArrayList<>();
    /** A root of our own: of a 64-bit guest its roots get our slots of it, a 32-bit guest's tables hang in its first. */
    private final long root;
    /** The table that holds what the guest may read of ours, its level, and which entries of it are ours. */
    private final long shown;
    private final int shownLevel, firstSlot, lastSlot;
    private final byte shownType;
    private final long machineToPhysical;
    private final long machineToPhysicalBytes;
    private final long firstMfn;
    private final long descriptorEntries;
    /** Descriptors that are not present, where the guest has put no page. */
    private final long empty;

    XenArea(HostMemory memory, FrameTable table, String owner, Width width) {
        this.memory = memory;
        this.owner = owner + " hypervisor";
        this.width = width;
        this.firstMfn = table.first();
        root = frame();
        shown = width.wide() ? root : frame();
        shownLevel = width.wide() ? LEVELS : 2;
        shownType = width.wide() ? FrameTable.L4 : FrameTable.L2_TOP;
        firstSlot = PageTable.index(width.hypervisorStart, shownLevel);
        lastSlot = PageTable.index(width.hypervisorEnd - 1, shownLevel);
        long from = table.first() * width.bytes & -PAGE;
        machineToPhysicalBytes = (table.end() * width.bytes + PAGE - 1 & -PAGE) - from;
        machineToPhysical = memory.allocate(machineToPhysicalBytes, PAGE, this.owner) - from;
        memory.fill(machineToPhysical + from, machineToPhysicalBytes, (byte) NO_FRAME);
        for (long at = from; at < from + machineToPhysicalBytes; at += PAGE) {
            memory.write64(leaf(shown, shownLevel, width.hypervisorStart + at), machineToPhysical + at | GUEST_READS);
        }
        descriptorEntries = leaf(root, LEVELS, GDT);
        empty = frame();
        for (int page = 0; page < 2 * DESCRIPTOR_PAGES; page++) {
            descriptorPage(page, NO_FRAME);
        }
        long own = frame();
        if (width.wide()) {
            flat(own, FlatSelector.CODE32, FlatSelector.CODE32_RIGHTS);
            flat(own, FlatSelector.DATA32, FlatSelector.DATA_RIGHTS);
            flat(own, FlatSelector.CODE64, FlatSelector.CODE64_RIGHTS);
        } else {
            flat(own, width.kernelCode, width.kernelCodeRights);
            flat(own, width.kernelData, width.kernelDataRights);
            flat(own, FlatSelector.NARROW_USER_CODE, FlatSelector.CODE32_RIGHTS);
            flat(own, FlatSelector.NARROW_USER_DATA, FlatSelector.DATA_RIGHTS);
        }
        memory.write16(own + (TSS & PAGE - 1) + IO_MAP_BASE, TSS_LIMIT + 1);
        descriptorPage(FlatSelector.FIRST_RESERVED_ENTRY / ENTRIES, own >>> FrameTable.SHIFT);
    }

    private void flat(long page, int selector, int rights) {
        memory.write64(page + (selector & DESCRIPTOR), SegmentDescriptor.of(0, (int) FLAT, rights));
    }

    private long frame() {
        long hpa = memory.allocate(PAGE, PAGE, owner);
        frames.add(hpa);
        return hpa;
    }

    /** Host-physical address of the level-1 entry of an address of ours below a table, tables made as needed. */
    private long leaf(long top, int topLevel, long virtual) {
        long table = top;
        for (int level = topLevel; level > 1; level--) {
            long at = table + PageTable.index(virtual, level) * Long.BYTES;
            if (memory.read64(at) == 0) {
                memory.write64(at, frame() | TABLE);
            }
            table = memory.read64(at) & PageTable.FRAME;
        }
        return table + PageTable.index(virtual, 1) * Long.BYTES;
    }

    /** Whether an entry of a table of this type is ours. */
    boolean holds(byte type, int index) {
        return type == shownType && index >= firstSlot && index <= lastSlot;
    }

    /** Puts our entries into a table of the guest. */
    void install(byte type, long table) {
        for (int slot = firstSlot; type == shownType && slot <= lastSlot; slot++) {
            memory.write64(table + slot * Long.BYTES, memory.read64(shown + slot * Long.BYTES));
        }
    }

    /** Takes them away before the frame becomes the guest's to read and write. */
    void remove(byte type, long table) {
        if (type == shownType) {
            memory.fill(table + firstSlot * Long.BYTES, (lastSlot - firstSlot + 1) * Long.BYTES, (byte) 0);
        }
    }

    /** The root for the processor of a 32-bit guest with that table of level 3. */
    long narrowRoot(long level3) {
        memory.write64(root, level3 | TABLE);
        return root;
    }

    void pseudoPhysical(long mfn, long pfn) {
        long at = machineToPhysical + mfn * width.bytes;
        if (width.wide()) {
            memory.write64(at, pfn);
        } else {
            memory.write32(at, (int) pfn);
        }
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
        memory.release(machineToPhysical + (firstMfn * width.bytes & -PAGE), machineToPhysicalBytes);
    }
}
