package proteus.api.io;

/** What a device is for, whatever technique provides it. */
public enum DeviceRole {
    CONSOLE,
    DISK,
    CDROM,
    NET,
    ENTROPY,
    BALLOON,
    KEYBOARD,
    DISPLAY
}
