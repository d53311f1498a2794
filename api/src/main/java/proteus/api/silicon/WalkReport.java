package proteus.api.silicon;

import java.util.List;

/**
 * What a page walk met.
 *
 * @param gva the address asked for
 * @param steps each page-table reference in order
 * @param present whether the walk ended in a page
 * @param gpa guest-physical address of the page's byte, or -1
 * @param hpa host-physical address, or -1
 * @param pageBytes size of the smallest page met in the guest's dimension, in bytes
 * @param summary one sentence for people
 */
public record WalkReport(long gva, List<Step> steps, boolean present, long gpa, long hpa, long pageBytes, String summary) {
    public WalkReport {
        steps = List.copyOf(steps);
    }

    /**
     * One reference.
     *
     * @param level name of the table as in the manual: PML4E, PDPTE, PDE, PTE, with prefix "EPT " in the second dimension
     * @param hpa where the entry was read
     * @param entry its value
     */
    public record Step(String level, long hpa, long entry) {}
}
