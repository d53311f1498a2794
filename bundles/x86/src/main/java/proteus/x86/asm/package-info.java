/**
 * The assembler: text to bytes, for tests, guest kits and tools. What instructions there are and how they are encoded comes
 * from the decoder's opcode table; {@link proteus.x86.asm.Assembler} describes the language.
 */
@Export
@Version("1.0.0")
package proteus.x86.asm;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
