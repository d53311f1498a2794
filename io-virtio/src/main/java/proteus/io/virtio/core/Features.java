package proteus.io.virtio.core;

/** Feature bits that are not of one device type (virtio 1.2, 6). */
public final class Features {
    /** A descriptor may refer to a table of descriptors (2.7.5.3). */
    public static final long INDIRECT_DESC = 1L << 28;
    /** Both sides say at which index they want to be notified (2.7.7, 2.7.10). */
    public static final long EVENT_IDX = 1L << 29;
    /** The driver follows version 1 of the standard; there is no legacy interface here. */
    public static final long VERSION_1 = 1L << 32;

    /** The driver may reset a queue alone (2.6.1). */
    public static final long RING_RESET = 1L << 40;

    static final long COMMON = INDIRECT_DESC | EVENT_IDX | VERSION_1 | RING_RESET;

    private Features() {}
}
