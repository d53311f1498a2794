/** I/O technique {@code virtio}: devices made for a driver that knows it is in a VM (OASIS virtio 1.2), on the PCI bus. */
@Capability(namespace = TechniqueInfo.NAMESPACE, name = "virtio", attribute = "kind=io")
package proteus.io.virtio;

import org.osgi.annotation.bundle.Capability;
import proteus.api.compose.TechniqueInfo;
