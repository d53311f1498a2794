/**
 * Virtual machines: composes hypervisors from the techniques that are there, gives each VM its memory, buses, clock, board
 * and console, and runs its vCPU on a thread of its own. Knows no technique: all of them are services.
 */
package proteus.vmm;
