/**
 * Not offered yet: virtio devices. Until it works the bundle registers no technique, and {@code tech:list} says so.
 */
package proteus.io.virtio;
