/** The contract of CPU virtualization techniques: how guest code is entered and what each exit means. */
@Export
@Version("1.0.0")
package proteus.api.cpu;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
