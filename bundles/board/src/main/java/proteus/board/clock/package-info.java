/** Clocks: the timer 8254 (Intel 231164-005) with system port 0x61, and the real-time clock MC146818A with its CMOS memory. */
package proteus.board.clock;
