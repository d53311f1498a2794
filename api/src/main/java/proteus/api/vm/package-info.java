/** Virtual machines: life cycle, boot, guests, and the manager of them all. */
@Export
@Version("1.0.0")
package proteus.api.vm;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
