package proteus.io.virtio;

import proteus.api.io.IoTechnique;
import proteus.tck.contract.IoTechniqueContract;

/** Virtio devices keep the contract of I/O techniques. */
class VirtioContractTest extends IoTechniqueContract {
    @Override
    protected IoTechnique technique() {
        return new VirtioTechnique();
    }
}
