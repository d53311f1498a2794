/** The contract of memory virtualization techniques and the consumer's view of guest-physical memory. */
@Export
@Version("1.0.0")
package proteus.api.memory;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
