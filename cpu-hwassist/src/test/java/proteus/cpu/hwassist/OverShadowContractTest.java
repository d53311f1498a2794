package proteus.cpu.hwassist;

import proteus.api.memory.MemoryTechnique;
import proteus.tck.reference.ReferenceShadow;

/** The same over shadow page tables: as VT-x was before nested paging. */
class OverShadowContractTest extends HardwareAssistedContractTest {
    @Override
    protected MemoryTechnique memory() {
        return new ReferenceShadow();
    }
}
