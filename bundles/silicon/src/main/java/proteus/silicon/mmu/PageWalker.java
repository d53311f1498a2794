package proteus.silicon.mmu;

import java.util.ArrayList;
import java.util.List;
import proteus.api.event.CountedEvent;
import proteus.api.silicon.WalkReport;
import proteus.api.silicon.WalkReport.Step;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Raw;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.Efer;
import proteus.x86.format.Ept;
import proteus.x86.format.ExceptionVector;
import proteus.x86.format.PageTable;

/**
 * The first dimension: linear to guest-physical through 32-bit, PAE or 4-level tables (SDM 3A, chapter 4). Where second-level
 * translation is on, every table reference is itself translated.
 */
final class PageWalker {
    static final int READ = 0, WRITE = 1, FETCH = 2;

    private final Cpu cpu;
    private final Mmu mmu;
    private final int physicalBits;

    /** Outcome of the last walk. */
    int pageShift;
    boolean global;
    /** The page may be written by this kind of access without another walk (permission and dirty bit are there). */
    boolean writable;
    /** The page may be read by this kind of access. */
    boolean readable;

    PageWalker(Cpu cpu, Mmu mmu) {
        this.cpu = cpu;
        this.mmu = mmu;
        physicalBits = cpu.features.physicalBits();
    }

    /**
     * Walks and sets accessed and dirty flags; throws the page fault.
     *
     * @param user an access at CPL 3 that is not implicitly supervisor
     * @param smap supervisor accesses to user pages are refused
     * @return guest-physical address
     */
    long walk(long gva, int access, boolean user, boolean smap) {
        if ((cpu.cr0 & Cr0.PG) == 0) {
            pageShift = 30;
            global = false;
            readable = writable = true;
            return gva & 0xffffffffL;
        }
        boolean pae = (cpu.cr4 & Cr4.PAE) != 0;
        return pae ? walk64(gva, access, user, smap) : walk32(gva, access, user, smap);
    }

    private long walk64(long gva, int access, boolean user, boolean smap) {
        boolean longMode = cpu.longMode();
        boolean nxe = (cpu.efer & Efer.NXE) != 0;
        int level = longMode ? 4 : 2;
        long table;
        long all = PageTable.WRITABLE | PageTable.USER;
        long noExecute = 0;
        if (longMode) {
            table = cpu.cr3 & PageTable.FRAME;
        } else {
            long pdpte = cpu.pdpte[(int) (gva >>> 30) & 3];
            if ((pdpte & PageTable.PRESENT) == 0) {
                throw fault(gva, access, user, 0);
            }
            table = pdpte & PageTable.FRAME;
        }
        for (;; level--) {
            long entryGpa = table + 8L * PageTable.index(gva, level);
            long hva = mmu.tableEntry(entryGpa, gva, false);
            cpu.counters.count(CountedEvent.WALK_REFERENCES_GUEST);
            long entry = Raw.getLong(hva);
            if ((entry & PageTable.PRESENT) == 0) {
                throw fault(gva, access, user, 0);
            }
            boolean large = (entry & PageTable.LARGE) != 0;
            long reserved = longMode ? PageTable.reserved(level, large, physicalBits, nxe, true) : PageTable.reservedPae(level, large, physicalBits, nxe);
            if ((entry & reserved) != 0) {
                throw fault(gva, access, user, ExceptionVector.PF_PRESENT | ExceptionVector.PF_RESERVED);
            }
            all &= entry;
            noExecute |= entry & PageTable.NX;
            if (level > 1 && !(large && level <= 3)) {
                if ((entry & PageTable.ACCESSED) == 0) {
                    mark(entryGpa, gva, entry | PageTable.ACCESSED, true);
                }
                table = entry & PageTable.FRAME;
                continue;
            }
            pageShift = 12 + 9 * (level - 1);
            finish(gva, access, user, smap, all, nxe && noExecute != 0, entry, entryGpa, true);
            long offset = gva & (1L << pageShift) - 1;
            return entry & PageTable.FRAME & -(1L << pageShift) | offset;
        }
    }

    private long walk32(long gva, int access, boolean user, boolean smap) {
        long table = cpu.cr3 & PageTable.FRAME32;
        boolean pse = (cpu.cr4 & Cr4.PSE) != 0;
        long all = PageTable.WRITABLE | PageTable.USER;
        for (int level = 2;; level--) {
            long entryGpa = table + 4L * PageTable.index32(gva, level);
            long hva = mmu.tableEntry(entryGpa, gva, false);
            cpu.counters.count(CountedEvent.WALK_REFERENCES_GUEST);
            long entry = Raw.getInt(hva) & 0xffffffffL;
            if ((entry & PageTable.PRESENT) == 0) {
                throw fault(gva, access, user, 0);
            }
            boolean large = level == 2 && pse && (entry & PageTable.LARGE) != 0;
            if ((entry & PageTable.reserved32(level, large, physicalBits)) != 0) {
                throw fault(gva, access, user, ExceptionVector.PF_PRESENT | ExceptionVector.PF_RESERVED);
            }
            all &= entry;
            if (level == 2 && !large) {
                if ((entry & PageTable.ACCESSED) == 0) {
                    mark(entryGpa, gva, entry | PageTable.ACCESSED, false);
                }
                table = entry & PageTable.FRAME32;
                continue;
            }
            pageShift = large ? 22 : 12;
            finish(gva, access, user, smap, all, false, entry, entryGpa, false);
            return large ? PageTable.frame4M(entry) | gva & 0x3fffff : entry & PageTable.FRAME32 | gva & 0xfff;
        }
    }

    /** Permission of the whole path (SDM 3A, 4.6.1), then accessed and dirty flags of the leaf. */
    private void finish(long gva, int access, boolean user, boolean smap, long all, boolean noExecute, long entry, long entryGpa, boolean wide) {
        boolean userPage = (all & PageTable.USER) != 0;
        boolean writePermission = (all & PageTable.WRITABLE) != 0 || !user && (cpu.cr0 & Cr0.WP) == 0;
        boolean dataAllowed = user ? userPage : !(userPage && smap);
        boolean allowed = switch (access) {
            case READ -> dataAllowed;
            case WRITE -> dataAllowed && writePermission;
            default -> !noExecute && (user ? userPage : !(userPage && (cpu.cr4 & Cr4.SMEP) != 0));
        };
        if (!allowed) {
            throw fault(gva, access, user, ExceptionVector.PF_PRESENT);
        }
        long marked = entry | PageTable.ACCESSED | (access == WRITE ? PageTable.DIRTY : 0);
        if (marked != entry) {
            mark(entryGpa, gva, marked, wide);
        }
        global = (entry & PageTable.GLOBAL) != 0 && (cpu.cr4 & Cr4.PGE) != 0;
        readable = dataAllowed;
        writable = dataAllowed && writePermission && (marked & PageTable.DIRTY) != 0;
    }

    private void mark(long entryGpa, long gva, long value, boolean wide) {
        long hva = mmu.tableEntry(entryGpa, gva, true);
        if (wide) {
            Raw.putLong(hva, value);
        } else {
            Raw.putInt(hva, (int) value);
        }
        mmu.tableWritten(entryGpa, wide ? 8 : 4);
    }

    /** #PF with its error code (SDM 3A, 4.7). */
    private RuntimeException fault(long gva, int access, boolean user, int bits) {
        boolean fetchBit = access == FETCH && ((cpu.cr4 & Cr4.SMEP) != 0 || (cpu.cr4 & Cr4.PAE) != 0 && (cpu.efer & Efer.NXE) != 0);
        return cpu.pageFault(gva, bits | (access == WRITE ? ExceptionVector.PF_WRITE : 0) | (user ? ExceptionVector.PF_USER : 0)
            | (fetchBit ? ExceptionVector.PF_FETCH : 0));
    }

    static String levelName(int level) {
        return switch (level) {
            case 1 -> "PTE";
            case 2 -> "PDE";
            case 3 -> "PDPTE";
            case 4 -> "PML4E";
            default -> "PML5E";
        };
    }

    /** Walks for people: no effects, no counts. */
    WalkReport inspect(long gva) {
        List<Step> steps = new ArrayList<>();
        if ((cpu.cr0 & Cr0.PG) == 0) {
            return end(gva, steps, gva & 0xffffffffL, 1L << 32, "paging is off: the linear address is the physical one");
        }
        boolean wide = (cpu.cr4 & Cr4.PAE) != 0;
        boolean longMode = cpu.longMode();
        if (longMode && !PageTable.canonical(gva, 48)) {
            return new WalkReport(gva, steps, false, -1, -1, 0, "0x%x is not canonical: an access is #GP(0)".formatted(gva));
        }
        int level = longMode ? 4 : 2;
        long table = longMode ? cpu.cr3 & PageTable.FRAME : wide ? cpu.pdpte[(int) (gva >>> 30) & 3] & PageTable.FRAME : cpu.cr3 & PageTable.FRAME32;
        if (wide && !longMode && (cpu.pdpte[(int) (gva >>> 30) & 3] & PageTable.PRESENT) == 0) {
            return new WalkReport(gva, steps, false, -1, -1, 0, "the PDPTE register of this GiB is not present");
        }
        for (;; level--) {
            long gpa = table + (wide ? 8L * PageTable.index(gva, level) : 4L * PageTable.index32(gva, level));
            long hpa = mmu.inspectPhysical(gpa, steps);
            if (hpa < 0) {
                return new WalkReport(gva, steps, false, -1, -1, 0, "the %s at GPA 0x%x is not in memory".formatted(levelName(level), gpa));
            }
            long entry = wide ? Raw.getLong(mmu.hostAddress(hpa)) : Raw.getInt(mmu.hostAddress(hpa)) & 0xffffffffL;
            steps.add(new Step(levelName(level), hpa, entry));
            if ((entry & PageTable.PRESENT) == 0) {
                return new WalkReport(gva, steps, false, -1, -1, 0, "the %s is not present".formatted(levelName(level)));
            }
            boolean large = (entry & PageTable.LARGE) != 0 && level > 1 && level <= 3 && (wide || (cpu.cr4 & Cr4.PSE) != 0);
            if (level == 1 || large) {
                int shift = wide ? 12 + 9 * (level - 1) : large ? 22 : 12;
                long mask = (1L << shift) - 1;
                long frame = wide ? entry & PageTable.FRAME & ~mask : large ? PageTable.frame4M(entry) : entry & PageTable.FRAME32;
                return end(gva, steps, frame | gva & mask, 1L << shift, PageTable.describe(entry));
            }
            table = entry & (wide ? PageTable.FRAME : PageTable.FRAME32);
        }
    }

    private WalkReport end(long gva, List<Step> steps, long gpa, long pageBytes, String what) {
        long hpa = mmu.inspectPhysical(gpa, steps);
        String summary = hpa < 0 ? "GVA 0x%x is GPA 0x%x, which is not memory (%s)".formatted(gva, gpa, what)
            : "GVA 0x%x is GPA 0x%x, HPA 0x%x (%s)".formatted(gva, gpa, hpa, what);
        return new WalkReport(gva, steps, true, gpa, hpa, pageBytes, summary);
    }
}
