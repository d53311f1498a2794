/**
 * Faults in the middle of instructions and events: every access an instruction makes is made to fault, and the state must be
 * that of before it (SDM 3A, 6.6: "program or task restart").
 */
package proteus.silicon.faults;
