/** What hypervisor is wished, what fits and why, and the compositions that history knows. */
@Export
@Version("1.0.0")
package proteus.api.compose;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
