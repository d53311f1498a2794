package proteus.api.io;

import org.osgi.annotation.versioning.ProviderType;

/**
 * The guest-physical addresses from 0xc0000 to 0xfffff of a machine that starts from a ROM: a chip set gives them, piece by
 * piece, to the ROM or to the RAM that lies in its shadow. Used on the VM's thread.
 */
@ProviderType
public interface ShadowMemory {
    long START = 0xc_0000;
    long END = 0x10_0000;
    /** Granularity: one field of a PAM register. */
    long PIECE = 0x4000;

    /**
     * Says who answers in a range of whole pieces.
     *
     * @param readRam reads reach RAM; otherwise ROM, or nobody where there is none
     * @param writeRam writes reach RAM; otherwise they are lost. While reads still reach ROM, RAM takes over what the ROM has
     */
    void give(long gpa, long bytes, boolean readRam, boolean writeRam);
}
