/**
 * The VGA (IBM PS/2 Video Subsystem, chapter 2; IBM VGA XGA Technical Reference 1992): registers, four planes of memory, and
 * the text that a monitor would show.
 */
package proteus.io.emul.vga;
