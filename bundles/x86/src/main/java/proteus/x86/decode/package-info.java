/**
 * The decoder, bytes to {@link proteus.x86.decode.Instruction}, and its inverse the encoder, both driven by the opcode maps of SDM vol. 2
 * appendix A.
 */
@Export
@Version("1.0.0")
package proteus.x86.decode;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
