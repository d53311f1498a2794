package proteus.x86.paging;

import java.util.Arrays;
import proteus.api.memory.GuestMemory;
import proteus.api.state.ArchState;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.Msr;
import proteus.x86.format.PageTable;

/**
 * Guest memory by linear address through the guest's own page tables (SDM 3A, 4.3 to 4.5), which hold the truth under every memory
 * technique: what the processor walks may be a shadow that is not filled yet. No privilege, no effects: accessed bits and device
 * registers are left alone.
 */
public final class LinearMemory {
    private static final int PAGE = PageTable.PAGE_SIZE;
    private static final long LONG_MODE_ACTIVE = 1 << 10;

    private final ArchState state;
    private final GuestMemory memory;
    private final boolean longMode;

    public LinearMemory(ArchState state, GuestMemory memory) {
        this.state = state;
        this.memory = memory;
        longMode = (state.msrs().getOrDefault(Msr.IA32_EFER, 0L) & LONG_MODE_ACTIVE) != 0;
    }

    /** The bytes from an address on, as many as are there. */
    public byte[] read(long linear, int length) {
        byte[] bytes = new byte[length];
        int done = 0;
        while (done < length) {
            int here = here(linear + done, length - done);
            long gpa = physical(linear + done);
            if (gpa < 0 || !memory.contains(gpa, here)) {
                break;
            }
            memory.read(gpa, bytes, done, here);
            done += here;
        }
        return Arrays.copyOf(bytes, done);
    }

    /** Writes all or nothing; false if not all of it is memory. */
    public boolean write(long linear, byte[] bytes) {
        for (int done = 0; done < bytes.length; ) {
            int here = here(linear + done, bytes.length - done);
            long gpa = physical(linear + done);
            if (gpa < 0 || !memory.contains(gpa, here)) {
                return false;
            }
            done += here;
        }
        for (int done = 0; done < bytes.length; ) {
            int here = here(linear + done, bytes.length - done);
            memory.write(physical(linear + done), bytes, done, here);
            done += here;
        }
        return true;
    }

    private static int here(long linear, int left) {
        return (int) Math.min(left, PAGE - (linear & PAGE - 1));
    }

    /** Guest-physical address behind a linear one, or -1. */
    public long physical(long address) {
        ArchState.Control c = state.control();
        long linear = longMode ? address : address & 0xffff_ffffL;
        if ((c.cr0() & Cr0.PG) == 0) {
            return linear;
        }
        if (longMode) {
            int levels = (c.cr4() & Cr4.LA57) != 0 ? 5 : 4;
            return PageTable.canonical(linear, levels == 5 ? 57 : 48) ? walk(c.cr3() & PageTable.FRAME, levels, linear) : -1;
        }
        if ((c.cr4() & Cr4.PAE) != 0) {
            long pdpte = c.pdptes()[(int) (linear >>> 30) & 3];
            return (pdpte & PageTable.PRESENT) == 0 ? -1 : walk(pdpte & PageTable.FRAME, 2, linear);
        }
        return walk32(c, linear);
    }

    private long walk(long root, int levels, long linear) {
        long table = root;
        for (int level = levels; level >= 1; level--) {
            long at = table + (long) PageTable.ENTRY_SIZE * PageTable.index(linear, level);
            if (!memory.contains(at, PageTable.ENTRY_SIZE)) {
                return -1;
            }
            long entry = memory.read64(at);
            if ((entry & PageTable.PRESENT) == 0) {
                return -1;
            }
            if (level == 1 || level <= 3 && (entry & PageTable.LARGE) != 0) {
                long span = PageTable.span(level);
                return entry & PageTable.FRAME & -span | linear & span - 1;
            }
            table = entry & PageTable.FRAME;
        }
        return -1;
    }

    private long walk32(ArchState.Control c, long linear) {
        long table = c.cr3() & PageTable.FRAME32;
        for (int level = 2; level >= 1; level--) {
            long at = table + (long) PageTable.ENTRY32_SIZE * PageTable.index32(linear, level);
            if (!memory.contains(at, PageTable.ENTRY32_SIZE)) {
                return -1;
            }
            long entry = memory.read32(at) & 0xffff_ffffL;
            if ((entry & PageTable.PRESENT) == 0) {
                return -1;
            }
            if (level == 2 && (entry & PageTable.LARGE) != 0 && (c.cr4() & Cr4.PSE) != 0) {
                return PageTable.frame4M(entry) | linear & 0x3f_ffff;
            }
            if (level == 1) {
                return entry & PageTable.FRAME32 | linear & PAGE - 1;
            }
            table = entry & PageTable.FRAME32;
        }
        return -1;
    }
}
