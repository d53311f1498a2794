package proteus.mem.shadow;

import proteus.api.memory.MemoryTechnique;

/** The same for this variant. */
class NaiveContractTest extends ShadowContractTest {
    @Override
    protected MemoryTechnique technique() {
        return new ShadowTechnique(Variant.NAIVE, 0);
    }
}
