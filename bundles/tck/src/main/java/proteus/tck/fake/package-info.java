/** Hardware that a test scripts: frames in an array, a VMCS that is a map, a processor that exits as told. */
@Export
@Version("1.0.0")
package proteus.tck.fake;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
