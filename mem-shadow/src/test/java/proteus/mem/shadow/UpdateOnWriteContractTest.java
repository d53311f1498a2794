package proteus.mem.shadow;

import proteus.api.memory.MemoryTechnique;

/** The same for this variant. */
class UpdateOnWriteContractTest extends ShadowContractTest {
    @Override
    protected MemoryTechnique technique() {
        return new ShadowTechnique(Variant.UPDATE_ON_WRITE, 0);
    }
}
