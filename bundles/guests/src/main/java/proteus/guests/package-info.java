/**
 * The guest kit: our own small guests, embedded as images that start through Multiboot 1 (0.6.96) or the PVH entry of
 * their Xen ELF note. Their sources are in {@code src/guest}; {@code make check} there proves that they are the same.
 */
package proteus.guests;
