/** What else a PC answers at low ports: keyboard controller 8042, port 0x92, DMA controllers 8237A, POST and debug ports. */
package proteus.board.legacy;
