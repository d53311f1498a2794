/**
 * Full virtualization without help of hardware or guest, as VMware did it in 1999: the guest runs deprivileged, what is privileged
 * traps and is emulated, and the code of its kernel is translated because on x86 not all that is sensitive traps.
 * {@link proteus.cpu.full.FullCpu} is the loop; {@link proteus.cpu.full.Deprivileging} the guest's two outfits;
 * {@link proteus.cpu.full.Translator} and {@link proteus.cpu.full.TranslationCache} the binary translator;
 * {@link proteus.cpu.full.Monitor} what of the VMM lies in the guest's linear address space. See docs/full-virtualization.md.
 */
package proteus.cpu.full;
