/**
 * Nested paging: GPA to HPA tables in EPT format (SDM 3C, 29.3), filled when the guest first touches a page. The guest owns
 * its own page tables and its CR3.
 */
@Capability(namespace = TechniqueInfo.NAMESPACE, name = "ept", attribute = "kind=memory")
package proteus.mem.ept;

import org.osgi.annotation.bundle.Capability;
import proteus.api.compose.TechniqueInfo;
