package proteus.cpu.full;

import java.util.Set;
import proteus.api.cpu.CpuTechnique;
import proteus.api.memory.MemoryTechnique;
import proteus.api.silicon.Silicon;
import proteus.silicon.processor.ModelSilicon;
import proteus.tck.contract.CpuTechniqueContract;

/** Full virtualization over shadow page tables keeps the contract of CPU techniques. */
class FullContractTest extends CpuTechniqueContract {
    private final ModelSilicon silicon = new ModelSilicon(64 << 20, Set.of(), 40);

    @Override
    protected CpuTechnique technique() {
        return new FullTechnique(true);
    }

    @Override
    protected MemoryTechnique memory() {
        return Shadow.technique();
    }

    @Override
    protected Silicon silicon() {
        return silicon;
    }

    @Override
    protected void powerOff() {
        silicon.close();
    }
}
