/** The modelled processor, set up as the host's is for a program: 64-bit mode, ring 3, the same addresses mapped with the same rights. */
package proteus.conform.model;
