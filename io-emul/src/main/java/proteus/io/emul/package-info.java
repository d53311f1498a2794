/** I/O technique {@code emul}: device models of what a real PC has, driven by the guest's unmodified drivers. */
@Capability(namespace = TechniqueInfo.NAMESPACE, name = "emul", attribute = "kind=io")
package proteus.io.emul;

import org.osgi.annotation.bundle.Capability;
import proteus.api.compose.TechniqueInfo;
