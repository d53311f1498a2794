/** The transport by memory-mapped registers, for machines without a PCI bus (virtio 1.2, 4.2). */
package proteus.io.virtio.mmio;
