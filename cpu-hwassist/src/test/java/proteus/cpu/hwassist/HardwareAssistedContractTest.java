package proteus.cpu.hwassist;

import java.util.Set;
import proteus.api.cpu.CpuTechnique;
import proteus.api.silicon.Silicon;
import proteus.silicon.processor.ModelSilicon;
import proteus.tck.contract.CpuTechniqueContract;

/** Hardware assistance over nested paging keeps the contract of CPU techniques. */
class HardwareAssistedContractTest extends CpuTechniqueContract {
    private final ModelSilicon silicon = new ModelSilicon(64 << 20, Set.of(), 40);

    @Override
    protected void powerOff() {
        silicon.close();
    }

    @Override
    protected CpuTechnique technique() {
        return new HardwareAssistedTechnique();
    }

    @Override
    protected Silicon silicon() {
        return silicon;
    }
}
