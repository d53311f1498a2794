package proteus.api.vm;

import java.util.Locale;
import java.util.Objects;
import proteus.api.compose.Composition;
import proteus.api.silicon.ExecutionEngine;

/**
 * What can change under a running guest that cannot tell.
 *
 * @param composition its hypervisor
 * @param engine how the silicon executes guest code
 * @param host who does the work of its devices
 */
public record VmShape(Composition composition, ExecutionEngine engine, DeviceSetting.Host host) {
    public VmShape {
        Objects.requireNonNull(composition);
        Objects.requireNonNull(engine);
        Objects.requireNonNull(host);
    }

    /** The same with another hypervisor. */
    public VmShape with(Composition other) {
        return new VmShape(other, engine, host);
    }

    /** The same with another engine. */
    public VmShape with(ExecutionEngine other) {
        return new VmShape(composition, other, host);
    }

    /** The same with another host of devices. */
    public VmShape with(DeviceSetting.Host other) {
        return new VmShape(composition, engine, other);
    }

    @Override
    public String toString() {
        return composition + ", " + word(engine) + (host == DeviceSetting.Host.HOSTED ? ", hosted" : "");
    }

    private static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
