package proteus.api.io;

import org.osgi.annotation.versioning.ConsumerType;

/** A device with which a guest gives pages to the host: a device of role {@link DeviceRole#BALLOON} implements it. On the VM's thread. */
@ConsumerType
public interface Balloon {
    /** Asks for so many bytes; the guest's driver gives or takes back until it holds them. */
    void ask(long bytes);

    /** Bytes asked for. */
    long asked();

    /** Bytes that the driver holds. */
    long held();

    /** Whether the guest has a driver at work. */
    boolean driven();
}
