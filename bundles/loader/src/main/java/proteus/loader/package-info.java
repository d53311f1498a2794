/**
 * Puts guest images into memory and says in which state the processor starts: Linux bzImage (Documentation/arch/x86/boot.rst), ELF
 * through the PVH note (Xen docs/misc/pvh.pandoc), Multiboot 0.6.96. Everything read from an image is untrusted.
 */
package proteus.loader;
