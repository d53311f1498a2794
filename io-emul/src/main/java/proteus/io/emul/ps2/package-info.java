/** Devices at the ports of the keyboard controller (IBM PS/2 Hardware Interface Technical Reference, keyboard). */
package proteus.io.emul.ps2;
