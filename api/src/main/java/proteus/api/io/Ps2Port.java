package proteus.api.io;

import org.osgi.annotation.versioning.ConsumerType;
import org.osgi.annotation.versioning.ProviderType;

/** A port of the keyboard controller into which a keyboard or a mouse is plugged. Used on the VM's thread. */
@ProviderType
public interface Ps2Port {
    /**
     * Plugs a device in.
     *
     * @throws IllegalArgumentException when there is one already
     */
    void connect(Peripheral peripheral);

    /** Takes the device out; bytes it has sent go with it. */
    void disconnect();

    /** Sends a byte to the host; it waits in the port until the host takes it. */
    void send(int value);

    /** Bytes that wait. */
    int waiting();

    /** Forgets the bytes that wait. */
    void clear();

    /** The device at the other end. */
    @ConsumerType
    interface Peripheral {
        /** A byte from the host. */
        void receive(int value);
    }
}
