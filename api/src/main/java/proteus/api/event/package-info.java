/** One vocabulary of counted events across all techniques. */
@Export
@Version("1.0.0")
package proteus.api.event;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
