/**
 * Shadow page tables: the guest's tables (SDM 3A, 4.3 to 4.5) are the guest's data, and the hardware walks tables in host memory
 * that are derived from them, filled when the guest first touches a page. Guest tables are write-protected, so that their shadow
 * can follow, or are let go out of synchrony until the guest flushes its TLB.
 */
@Capability(namespace = TechniqueInfo.NAMESPACE, name = "shadow", attribute = "kind=memory")
package proteus.mem.shadow;

import org.osgi.annotation.bundle.Capability;
import proteus.api.compose.TechniqueInfo;
