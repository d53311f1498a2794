/** The host's own processor: a harness in machine code that runs cases in ring 3 and catches their faults. Linux on x86-64. */
package proteus.conform.host;
