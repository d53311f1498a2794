package proteus.api.io;

import org.osgi.annotation.versioning.ProviderType;

/** A level-carrying interrupt wire that ends at the board. Call it from the VM's thread; a device's other threads post through {@link DeviceContext#post}. */
@ProviderType
public interface InterruptLine {
    void set(boolean asserted);

    /** An edge: up and down. */
    default void pulse() {
        set(true);
        set(false);
    }
}
