package proteus.api.io;

import org.osgi.annotation.versioning.ConsumerType;

/** The far end of a serial line or console. Used on the VM's thread only. */
@ConsumerType
public interface CharacterBackend {
    /** A byte the guest sent. */
    void output(int value);

    /** The next byte for the guest, 0..255, or -1 if there is none now. */
    int input();

    /** Whether {@link #input} would give a byte. */
    boolean inputAvailable();

    /** What to call, on the VM's thread, when input becomes available. */
    void onInput(Runnable listener);
}
