package proteus.api.io;

import java.util.List;
import java.util.Set;
import org.osgi.annotation.versioning.ConsumerType;
import proteus.api.compose.TechniqueInfo;

/** A technique of I/O virtualization: contributes device models for roles; a service, one per bundle. */
@ConsumerType
public interface IoTechnique {
    TechniqueInfo info();

    Set<DeviceRole> roles();

    /**
     * Builds and attaches the devices of one VM.
     *
     * @throws IllegalArgumentException with one clear sentence for a role that this technique has not
     */
    List<Device> plug(DeviceContext context, List<DeviceSpec> devices);
}
