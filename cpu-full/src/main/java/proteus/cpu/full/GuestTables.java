package proteus.cpu.full;

import proteus.api.memory.MemoryMap;
import proteus.api.silicon.GuestPaging;
import proteus.api.silicon.HostMemory;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.Efer;
import proteus.x86.format.PageTable;

/** The guest's own page tables, read without effect (SDM 3A, 4.3 to 4.6): where its supervisor's code and descriptors are. */
final class GuestTables {
    private final GuestPaging paging;
    private final MemoryMap map;
    private final HostMemory memory;

    /** Of the page found last: whether the supervisor may fetch from it, and whether its translation survives a load of CR3. */
    boolean executable, global;

    GuestTables(GuestPaging paging, MemoryMap map, HostMemory memory) {
        this.paging = paging;
        this.map = map;
        this.memory = memory;
    }

    /** Guest-physical address of a linear one, or -1 where the guest maps nothing. */
    long gpa(long gva) {
        executable = true;
        global = false;
        if ((paging.cr0() & Cr0.PG) == 0) {
            return gva & 0xffffffffL;
        }
        if ((paging.efer() & Efer.LMA) != 0) {
            return PageTable.canonical(gva, 48) ? walk(paging.cr3() & PageTable.FRAME, gva, 4) : -1;
        }
        if ((paging.cr4() & Cr4.PAE) != 0) {
            long pdpte = paging.pdpte((int) (gva >>> 30) & 3);
            return (pdpte & PageTable.PRESENT) == 0 ? -1 : walk(pdpte & PageTable.FRAME, gva, 2);
        }
        return walk32(paging.cr3() & PageTable.FRAME32, gva);
    }

    private long walk(long root, long gva, int top) {
        long table = root;
        boolean user = true;
        for (int level = top; ; level--) {
            long hpa = map.hpa(table + 8L * PageTable.index(gva, level));
            long entry = hpa < 0 ? 0 : memory.read64(hpa);
            if ((entry & PageTable.PRESENT) == 0) {
                return -1;
            }
            user &= (entry & PageTable.USER) != 0;
            executable &= (entry & PageTable.NX) == 0 || (paging.efer() & Efer.NXE) == 0;
            if (level == 1 || level < 4 && (entry & PageTable.LARGE) != 0) {
                finish(user, entry);
                long offset = PageTable.span(level) - 1;
                return entry & PageTable.FRAME & ~offset | gva & offset;
            }
            table = entry & PageTable.FRAME;
        }
    }

    private long walk32(long root, long gva) {
        long at = map.hpa(root + 4L * PageTable.index32(gva, 2));
        long directory = at < 0 ? 0 : memory.read32(at) & 0xffffffffL;
        if ((directory & PageTable.PRESENT) == 0) {
            return -1;
        }
        boolean user = (directory & PageTable.USER) != 0;
        if ((directory & PageTable.LARGE) != 0 && (paging.cr4() & Cr4.PSE) != 0) {
            finish(user, directory);
            return PageTable.frame4M(directory) | gva & 0x3f_ffff;
        }
        at = map.hpa((directory & PageTable.FRAME32) + 4L * PageTable.index32(gva, 1));
        long entry = at < 0 ? 0 : memory.read32(at) & 0xffffffffL;
        if ((entry & PageTable.PRESENT) == 0) {
            return -1;
        }
        finish(user && (entry & PageTable.USER) != 0, entry);
        return entry & PageTable.FRAME32 | gva & 0xfff;
    }

    private void finish(boolean user, long leaf) {
        executable &= !user || (paging.cr4() & Cr4.SMEP) == 0;
        global = (leaf & PageTable.GLOBAL) != 0 && (paging.cr4() & Cr4.PGE) != 0;
    }

    /** Eight bytes at a linear address that does not cross a page, or 0 where there is nothing. */
    long read64(long gva) {
        long gpa = gpa(gva);
        long hpa = gpa < 0 ? -1 : map.hpa(gpa);
        return hpa < 0 ? 0 : memory.read64(hpa);
    }
}
