package proteus.mem.shadow;

import java.util.Set;
import proteus.api.cpu.CpuTechnique;
import proteus.api.memory.MemoryTechnique;
import proteus.api.silicon.Silicon;
import proteus.cpu.hwassist.HardwareAssistedTechnique;
import proteus.silicon.processor.ModelSilicon;
import proteus.tck.contract.MemoryTechniqueContract;

/** The technique under hardware assistance keeps the contract of memory techniques. */
class ShadowContractTest extends MemoryTechniqueContract {
    private final ModelSilicon silicon = new ModelSilicon(64 << 20, Set.of(), 40);

    @Override
    protected MemoryTechnique technique() {
        return new ShadowTechnique(Variant.OUT_OF_SYNC, 0);
    }

    @Override
    protected CpuTechnique cpu() {
        return new HardwareAssistedTechnique();
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
