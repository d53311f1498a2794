package proteus.silicon.mmu;

import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.silicon.cpu.Raw;
import proteus.x86.format.Ept;
import proteus.x86.format.PageTable;

/** The second dimension: guest-physical to host-physical through extended page tables (SDM 3C, 29.3). */
final class EptWalker {
    private final ModelHostMemory memory;
    private final EventCounters counters;
    private final int physicalBits;
    private EptExits exits;
    private long root;
    private int levels;
    private boolean accessedDirty;

    /** Outcome of the last walk: page size as a shift, and the permissions of all levels together. */
    int pageShift;
    long permissions;

    EptWalker(ModelHostMemory memory, EventCounters counters, int physicalBits) {
        this.memory = memory;
        this.counters = counters;
        this.physicalBits = physicalBits;
    }

    void exits(EptExits target) {
        exits = target;
    }

    /** Sets the EPT pointer; 0 switches second-level translation off. */
    void eptp(long eptp) {
        root = eptp & Ept.EPTP_ROOT;
        levels = (int) (eptp >>> Ept.EPTP_WALK_LENGTH_SHIFT & 7) + 1;
        accessedDirty = (eptp & Ept.EPTP_ACCESSED_DIRTY) != 0;
    }

    boolean accessedDirty() {
        return accessedDirty;
    }

    /**
     * Translates; leaves the guest through {@link EptExits} if the tables do not allow the access.
     *
     * @param access Ept.READ, WRITE and EXECUTE bits of the access
     * @param qualification further bits of the exit qualification: linear address valid, access to the final translation
     * @return host-physical address
     */
    long translate(long gpa, long access, long gva, long qualification) {
        long table = root;
        long allowed = Ept.ACCESS;
        for (int level = levels;; level--) {
            long at = table + 8L * PageTable.index(gpa, level);
            if (!memory.contains(at, 8)) {
                exits.misconfiguration(gpa);
            }
            long hva = memory.hva(at);
            long entry = Raw.getLong(hva);
            counters.count(CountedEvent.WALK_REFERENCES_NESTED);
            if (!Ept.present(entry)) {
                exits.violation(gpa, gva, qualification | access);
            }
            if (Ept.misconfigured(entry, level, physicalBits, true, true)) {
                exits.misconfiguration(gpa);
            }
            allowed &= entry;
            if (!Ept.isLeaf(entry, level)) {
                if (accessedDirty && (entry & Ept.ACCESSED) == 0) {
                    Raw.putLong(hva, entry | Ept.ACCESSED);
                }
                table = entry & PageTable.FRAME;
                continue;
            }
            if ((allowed & access) != access) {
                exits.violation(gpa, gva, qualification | access | (allowed & Ept.ACCESS) << 3);
            }
            if (accessedDirty) {
                long marked = entry | Ept.ACCESSED | ((access & Ept.WRITE) != 0 ? Ept.DIRTY : 0);
                if (marked != entry) {
                    Raw.putLong(hva, marked);
                }
                if ((marked & Ept.DIRTY) == 0) {
                    allowed &= ~Ept.WRITE;
                }
            }
            pageShift = 12 + 9 * (level - 1);
            permissions = allowed & Ept.ACCESS;
            long offset = gpa & (1L << pageShift) - 1;
            return entry & PageTable.FRAME & -(1L << pageShift) | offset;
        }
    }

    /** Translates without effects; -1 if there is no translation for a read. Adds what it meets to the report's steps. */
    long inspect(long gpa, java.util.List<proteus.api.silicon.WalkReport.Step> steps) {
        long table = root;
        for (int level = levels;; level--) {
            long at = table + 8L * PageTable.index(gpa, level);
            if (!memory.contains(at, 8)) {
                return -1;
            }
            long entry = Raw.getLong(memory.hva(at));
            steps.add(new proteus.api.silicon.WalkReport.Step("EPT " + PageWalker.levelName(level), at, entry));
            if (!Ept.present(entry) || Ept.misconfigured(entry, level, physicalBits, true, true)) {
                return -1;
            }
            if (Ept.isLeaf(entry, level)) {
                pageShift = 12 + 9 * (level - 1);
                return entry & PageTable.FRAME & -(1L << pageShift) | gpa & (1L << pageShift) - 1;
            }
            table = entry & PageTable.FRAME;
        }
    }
}
