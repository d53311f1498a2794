package proteus.io.virtio.core;

/** How a transport tells the driver (virtio 1.2, 2.3). */
public interface Interrupts {
    /** A used buffer notification. */
    void queue(int index);

    /** A configuration change notification. */
    void configuration();
}
