/** Instructions as text, in Intel syntax as objdump and GDB print it. */
@Export
@Version("1.0.0")
package proteus.x86.disasm;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
