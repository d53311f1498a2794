package proteus.io.emul.ata;

import java.nio.charset.StandardCharsets;
import proteus.api.io.DeviceSpec;

/**
 * What a drive tells of itself that its owner may choose.
 *
 * @param serial number, at most 20 characters of ASCII
 * @param firmware its version, at most 8
 */
record DriveIdentity(String serial, String firmware) {
    static final int SERIAL_MOST = 20;
    static final int FIRMWARE_MOST = 8;

    /** What was wished for, or what is usual for the drive at a place. */
    static DriveIdentity of(DeviceSpec spec, int place) {
        return new DriveIdentity(
                checked(spec, DeviceSpec.SERIAL, SERIAL_MOST, "PROTEUS%04d".formatted(place)), checked(spec, DeviceSpec.FIRMWARE, FIRMWARE_MOST, "1.0"));
    }

    private static String checked(DeviceSpec spec, String option, int most, String usual) {
        String text = spec.options().getOrDefault(option, usual);
        if (text.length() > most || !StandardCharsets.US_ASCII.newEncoder().canEncode(text)) {
            throw new IllegalArgumentException("The %s '%s' of an IDE drive is not of up to %d ASCII characters.".formatted(option, text, most));
        }
        return text;
    }
}
