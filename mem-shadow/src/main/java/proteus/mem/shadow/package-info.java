/**
 * Not offered yet: shadow page tables. Until it works the bundle registers no technique, and {@code tech:list} says so.
 */
package proteus.mem.shadow;
