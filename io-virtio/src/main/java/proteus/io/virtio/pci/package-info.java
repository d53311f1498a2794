/** Virtio over PCI (virtio 1.2, 4.1), without the legacy interface: structures in BAR 0, MSI-X in BAR 1, INTx for drivers without. */
package proteus.io.virtio.pci;
