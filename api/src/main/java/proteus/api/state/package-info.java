/** The guest-visible architectural state, free of any implementation's leaks; the currency of every hand-over. */
@Export
@Version("1.0.0")
package proteus.api.state;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
