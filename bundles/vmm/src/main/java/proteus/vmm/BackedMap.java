package proteus.vmm;

import proteus.api.memory.MemoryMap;

/** A memory map whose frames the VMM gives. */
interface BackedMap extends MemoryMap {
    /**
     * As {@link #ownHpa}, for devices and the loader: half a request cannot be taken back, so it may use the frames that the host keeps
     * for emergencies.
     */
    long deviceHpa(long gpa);

    /** Takes the frame of a page of RAM away. */
    void discard(long gpa);
}
