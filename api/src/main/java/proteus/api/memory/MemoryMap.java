package proteus.api.memory;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/** Which guest-physical pages are RAM or ROM, and the frames behind them. */
@ProviderType
public interface MemoryMap {
    /** Sorted, not overlapping. */
    List<MemoryRegion> regions();

    /**
     * Host-physical address behind a guest-physical one.
     *
     * @return the HPA, or -1 where there is neither RAM nor ROM
     */
    long hpa(long gpa);

    /** The region at an address, or null: the answer for unmapped space. */
    MemoryRegion regionAt(long gpa);

    /** Changes whenever the map does. */
    int generation();
}
