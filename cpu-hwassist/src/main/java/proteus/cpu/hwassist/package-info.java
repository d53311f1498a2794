/**
 * Hardware-assisted CPU virtualization: the guest runs in its own ring 0 in VMX non-root operation under a VMCS (SDM 3C,
 * chapters 25 to 28), as KVM and VMware on VT-x do it. Controls choose what exits, each exit is dispatched by its reason,
 * events are injected at entry.
 */
@Capability(namespace = TechniqueInfo.NAMESPACE, name = "hwassist", attribute = "kind=cpu")
package proteus.cpu.hwassist;

import org.osgi.annotation.bundle.Capability;
import proteus.api.compose.TechniqueInfo;
