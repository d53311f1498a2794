/** Network cards: Intel's 82540EM (PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's Manual, "GbE SDM") and the NE2000 (National DP8390D data sheet). */
package proteus.io.emul.net;
