/**
 * Not offered yet: ring deprivileging with binary translation of guest-kernel code. Until it works the bundle registers no
 * technique, and {@code tech:list} says so.
 */
package proteus.cpu.full;
