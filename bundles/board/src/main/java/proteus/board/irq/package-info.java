/**
 * Interrupt controllers: two 8259A (Intel 231468-003) with the edge/level registers of PIIX3 (Intel 290550-002), the
 * I/O APIC 82093AA (Intel 290566-001), local APICs (Intel SDM 3A, chapter 11, xAPIC and x2APIC), and the wires between them.
 */
package proteus.board.irq;
