package proteus.api.io;

import org.osgi.annotation.versioning.ConsumerType;

/** A device of a running VM. */
@ConsumerType
public interface Device extends AutoCloseable {
    /** Name with its place, for example {@code 16550A at 0x3f8, IRQ 4}. */
    String name();

    DeviceRole role();

    /** Power-on state. */
    void reset();

    /** The device's state as the guest could know it, versioned by its first byte. */
    byte[] exportState();

    void importState(byte[] state);

    @Override
    void close();
}
