package proteus.qtest.machine;

import java.util.List;
import java.util.Optional;
import proteus.api.io.BlockBackends;
import proteus.api.io.IoTechnique;
import proteus.api.vm.DrivenMachines;

/**
 * What machines are made of.
 *
 * @param images empty when no bundle opens disk images
 */
public record Parts(DrivenMachines machines, List<IoTechnique> techniques, Optional<BlockBackends> images) {
    public Parts {
        techniques = List.copyOf(techniques);
    }

    Optional<IoTechnique> technique(String name) {
        return techniques.stream().filter(technique -> technique.info().name().equals(name)).findFirst();
    }

    /** Whether there are devices of a type: parts of the board are always there. */
    boolean offers(DeviceType type) {
        return type.role() == null || technique(type.technique()).filter(technique -> technique.roles().contains(type.role())).isPresent();
    }
}
