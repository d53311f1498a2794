package proteus.io.virtio.core;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import proteus.api.io.DeviceRole;

/** A device type (virtio 1.2, chapter 5) apart from its transport. Used on the VM's thread. */
public interface DeviceModel {
    /** Device ID (5). */
    int type();

    /** Name for people. */
    String name();

    DeviceRole role();

    /** Feature bits of the type, 0 to 23. */
    long features();

    /** Virtqueues. */
    int queues();

    /** Bytes of the configuration space; beyond it reads give 0. */
    int configurationLength();

    /** A byte of the configuration space. */
    int readConfiguration(int offset);

    /** A write to the configuration space; most have nothing that can be written. */
    default void writeConfiguration(int offset, int size, long value) {}

    /** The driver set DRIVER_OK: the device is live (3.1.1). */
    default void start(VirtioCore core) {}

    /** Writes what of the device is not in its queues nor at its back end; most have nothing. */
    default void save(DataOutputStream out) throws IOException {}

    /** Takes over what {@link #save} wrote, after {@link #start} if the device was live. */
    default void load(DataInputStream in) throws IOException {}

    /**
     * Serves what is in a queue: the driver has notified it.
     *
     * @throws RingException when the request has not the form that the type demands
     */
    void serve(VirtioCore core, int queue) throws RingException;
}
