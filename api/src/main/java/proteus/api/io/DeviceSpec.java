package proteus.api.io;

import java.util.Map;

/**
 * A device that is wished for.
 *
 * @param role what for
 * @param backend what is behind it: a {@link CharacterBackend} for a console, a {@link BlockBackend} for a disk or a CD-ROM (none for a drive without a disc), a
 *     {@link NetBackend} for a network card, a {@link java.util.random.RandomGenerator} for entropy; null where a role needs none
 * @param index counts the devices of a role from 0
 * @param options what else is wished, by name: {@code model}, and what a technique's devices know besides
 */
public record DeviceSpec(DeviceRole role, Object backend, int index, Map<String, String> options) {
    /** The model of the device. */
    public static final String MODEL = "model";

    /** Serial number that a disk or a CD-ROM drive tells. */
    public static final String SERIAL = "serial";

    /** Version of its firmware that a drive tells. */
    public static final String FIRMWARE = "firmware";

    /** Where on the IDE channels a drive is: 0 primary master, 1 primary slave, 2 secondary master, 3 secondary slave. */
    public static final String PLACE = "place";

    public DeviceSpec {
        options = Map.copyOf(options);
    }

    /** Without options. */
    public DeviceSpec(DeviceRole role, Object backend, int index) {
        this(role, backend, index, Map.of());
    }
}
