package proteus.io.virtio.pci;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import proteus.api.io.BusDevice;

/**
 * The capability list of a virtio function (virtio 1.2, 4.1.4): where in BAR 0 which structure lies, the window that reaches
 * them through configuration space (4.1.4.9), and MSI-X.
 */
final class Capabilities {
    static final int FIRST = 0x40;

    private static final int VENDOR_SPECIFIC = 0x09;
    private static final int LENGTH = 16;
    private static final int COMMON = 1;
    private static final int NOTIFY = 2;
    private static final int ISR = 3;
    private static final int DEVICE = 4;
    private static final int WINDOW = 5;

    private static final int NOTIFY_AT = FIRST + LENGTH;
    private static final int ISR_AT = NOTIFY_AT + LENGTH + 4;
    private static final int DEVICE_AT = ISR_AT + LENGTH;
    private static final int WINDOW_AT = DEVICE_AT + LENGTH;
    private static final int WINDOW_DATA = WINDOW_AT + LENGTH;
    private static final int MESSAGES_AT = WINDOW_DATA + 4;
    private static final int END = MESSAGES_AT + MessageTable.CAPABILITY_LENGTH;

    /** A structure has some length. */
    private static final int LEAST_CONFIGURATION = 4;

    private static final int BAR_FIELD = 4;
    private static final int OFFSET_FIELD = 8;
    private static final int LENGTH_FIELD = 12;

    private final ByteBuffer bytes = ByteBuffer.allocate(0x100).order(ByteOrder.LITTLE_ENDIAN);
    private final MessageTable messages;
    private final int messageBar;
    private final BusDevice structures;

    /** @param configurationLength bytes of the device's own configuration; without any there is an empty one, for drivers take its absence for an old device */
    Capabilities(BusDevice structures, int configurationLength, int queues, MessageTable messages, int messageBar) {
        this.structures = structures;
        this.messages = messages;
        this.messageBar = messageBar;
        put(FIRST, NOTIFY_AT, LENGTH, COMMON, Structures.COMMON, Structures.COMMON_LENGTH);
        put(NOTIFY_AT, ISR_AT, LENGTH + 4, NOTIFY, Structures.NOTIFY, Structures.NOTIFY_MULTIPLIER * queues);
        bytes.putInt(NOTIFY_AT + LENGTH, Structures.NOTIFY_MULTIPLIER);
        put(ISR_AT, DEVICE_AT, LENGTH, ISR, Structures.ISR, 1);
        put(DEVICE_AT, WINDOW_AT, LENGTH, DEVICE, Structures.DEVICE, Math.max(configurationLength, LEAST_CONFIGURATION));
        put(WINDOW_AT, MESSAGES_AT, LENGTH + 4, WINDOW, 0, 0);
        bytes.put(MESSAGES_AT, (byte) MessageTable.CAPABILITY_ID);
    }

    private void put(int at, int next, int length, int type, int offset, int bytesThere) {
        bytes.put(at, (byte) VENDOR_SPECIFIC).put(at + 1, (byte) next).put(at + 2, (byte) length).put(at + 3, (byte) type);
        bytes.putInt(at + OFFSET_FIELD, offset).putInt(at + LENGTH_FIELD, bytesThere);
    }

    int read(int offset) {
        int data = offset - WINDOW_DATA;
        if (data >= 0 && data < 4) {
            if (data == 0 && windowUsable()) {
                bytes.putInt(WINDOW_DATA, (int) structures.read(windowOffset(), windowLength()));
            }
            return bytes.get(offset) & 0xff;
        }
        if (offset >= MESSAGES_AT + 2 && offset < END) {
            return messages.readCapability(offset - MESSAGES_AT, messageBar);
        }
        return bytes.get(offset) & 0xff;
    }

    /** Configuration space is written byte by byte, upwards: the window's access happens with its last byte. */
    void write(int offset, int value) {
        int window = offset - WINDOW_AT;
        int data = offset - WINDOW_DATA;
        if (window == BAR_FIELD || window >= OFFSET_FIELD && window < LENGTH + 4) {
            bytes.put(offset, (byte) value);
            if (data >= 0 && windowUsable() && data == windowLength() - 1) {
                structures.write(windowOffset(), windowLength(), bytes.getInt(WINDOW_DATA) & (1L << 8 * windowLength()) - 1);
            }
        } else if (offset >= MESSAGES_AT + 2 && offset < END) {
            messages.writeCapability(offset - MESSAGES_AT, value);
        }
    }

    private int windowOffset() {
        return bytes.getInt(WINDOW_AT + OFFSET_FIELD);
    }

    private int windowLength() {
        return bytes.getInt(WINDOW_AT + LENGTH_FIELD);
    }

    /** BAR 0, an offset in it, a length of 1, 2 or 4 that divides the offset (4.1.4.9.1). */
    private boolean windowUsable() {
        int length = windowLength();
        int offset = windowOffset();
        return bytes.get(WINDOW_AT + BAR_FIELD) == 0 && (length == 1 || length == 2 || length == 4)
                && offset >= 0 && offset % length == 0 && offset < Structures.BYTES;
    }

    void reset() {
        Arrays.fill(bytes.array(), WINDOW_AT + OFFSET_FIELD, WINDOW_DATA + 4, (byte) 0);
        bytes.put(WINDOW_AT + BAR_FIELD, (byte) 0);
    }

    byte[] window() {
        return Arrays.copyOfRange(bytes.array(), WINDOW_AT + BAR_FIELD, WINDOW_DATA + 4);
    }

    void window(byte[] saved) {
        bytes.put(WINDOW_AT + BAR_FIELD, saved);
    }
}
