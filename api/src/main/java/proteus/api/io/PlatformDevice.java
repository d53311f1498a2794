package proteus.api.io;

/**
 * A device that no bus can find: the firmware's tables tell of it.
 *
 * @param acpiId its identifier, for example {@code LNRO0005}
 * @param index counts the devices of an identifier from 0
 * @param gpa of its registers
 * @param bytes of them
 * @param gsi its level-triggered interrupt, an input of the IOAPIC
 */
public record PlatformDevice(String acpiId, int index, long gpa, long bytes, int gsi) {}
