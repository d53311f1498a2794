/** The machine under test: a PC without processor, the devices that QEMU's names stand for, and how they are found by path. */
package proteus.qtest.machine;
