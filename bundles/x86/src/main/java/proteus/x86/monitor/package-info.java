/** What every technique needs that carries out instructions of its guest. */
@Export
@Version("1.1.0")
package proteus.x86.monitor;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
