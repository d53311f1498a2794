/** The device types (virtio 1.2, chapter 5): block, console, entropy. They serve their queues at once, when the guest notifies. */
package proteus.io.virtio.device;
