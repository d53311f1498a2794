/** The contract of silicon: host memory, processors, VMCS, exits. Silicon does what the manuals say hardware does. */
@Export
@Version("1.0.0")
package proteus.api.silicon;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
