/** The contract of devices: buses, interrupt lines, timers, back ends, I/O techniques and the board. */
@Export
@Version("1.0.0")
package proteus.api.io;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
