/**
 * The PCI bus: configuration mechanism #1 (PCI 3.0, 3.2.2.3.2), standard headers and BARs, the i440FX host bridge
 * (Intel 290549-001), the PIIX3 ISA bridge (Intel 290550-002) and PIIX4 power management (Intel 290562-001).
 */
package proteus.board.pci;
