/** The processor's state, its flags, and the vocabulary in which instruction semantics are written. */
package proteus.silicon.cpu;
