package proteus.io.emul;

import proteus.api.io.IoTechnique;
import proteus.tck.contract.IoTechniqueContract;

/** Emulated devices keep the contract of I/O techniques. */
class EmulContractTest extends IoTechniqueContract {
    @Override
    protected IoTechnique technique() {
        return new EmulTechnique();
    }
}
