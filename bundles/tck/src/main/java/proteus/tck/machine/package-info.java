/** A small machine round one vCPU, for tests of techniques on real (modelled) silicon. */
@Export
@Version("1.0.0")
package proteus.tck.machine;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
