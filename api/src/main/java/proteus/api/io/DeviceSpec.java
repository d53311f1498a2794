package proteus.api.io;

/**
 * A device that is wished for.
 *
 * @param role what for
 * @param backend what is behind it: a {@link CharacterBackend} for a console, a {@link BlockBackend} for a disk or a CD-ROM, a
 *     {@link java.util.random.RandomGenerator} for entropy; null where a role needs none
 * @param index counts the devices of a role from 0
 */
public record DeviceSpec(DeviceRole role, Object backend, int index) {}
