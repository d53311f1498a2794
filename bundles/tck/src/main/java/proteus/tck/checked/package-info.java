/** Wrappers that check each call of a technique, and each call made to it. */
@Export
@Version("1.0.0")
package proteus.tck.checked;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
