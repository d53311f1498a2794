/**
 * Not offered yet: paravirtualization with Xen's public hypercall interface. Until it works the bundle registers no
 * technique, and {@code tech:list} says so.
 */
package proteus.cpu.para;
