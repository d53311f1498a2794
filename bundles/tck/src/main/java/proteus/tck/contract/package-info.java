/** What a technique must do, as JUnit 5 classes to extend (docs/third-party-techniques.md). */
@Export
@Version("1.0.0")
package proteus.tck.contract;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
