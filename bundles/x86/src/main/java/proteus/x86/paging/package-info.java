/** The guest's own page tables, read for inspection. */
@Export
@Version("1.0.0")
package proteus.x86.paging;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
