/** The simplest techniques that are right: what a technique under test is composed with, and an oracle beside it. */
@Export
@Version("1.0.0")
package proteus.tck.reference;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
