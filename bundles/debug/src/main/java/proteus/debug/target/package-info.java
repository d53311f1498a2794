/** A guest as GDB sees an x86 machine: target descriptions (GDB manual, appendix G), registers, linear memory. */
package proteus.debug.target;
