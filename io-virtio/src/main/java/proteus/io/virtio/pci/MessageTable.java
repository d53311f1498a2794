package proteus.io.virtio.pci;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.function.ObjIntConsumer;
import proteus.api.io.BusDevice;

/** MSI-X (PCI 3.0, 6.8.2): the capability's control word, the table of messages and the bits of those that are held back. */
final class MessageTable implements BusDevice {
    /** A vector of the driver's that means none (virtio 1.2, 4.1.5.1.2). */
    static final int NO_VECTOR = 0xffff;
    static final int CAPABILITY_ID = 0x11;
    static final int CAPABILITY_LENGTH = 12;
    static final int PENDING_OFFSET = 0x800;
    static final int BYTES = 0x1000;

    private static final int ENTRY_WORDS = 4;
    private static final int ENABLE = 0x80;
    private static final int FUNCTION_MASK = 0x40;
    private static final int MASKED = 1;

    private final ObjIntConsumer<Long> send;
    private final int[] words;
    private long pending;
    /** Upper byte of the control word. */
    private int control;

    /**
     * @param vectors at most 64
     * @param send takes address and data of a message
     */
    MessageTable(int vectors, ObjIntConsumer<Long> send) {
        this.send = send;
        words = new int[vectors * ENTRY_WORDS];
        reset();
    }

    void reset() {
        pending = 0;
        control = 0;
        for (int i = 0; i < words.length; i++) {
            words[i] = i % ENTRY_WORDS == ENTRY_WORDS - 1 ? MASKED : 0;
        }
    }

    int vectors() {
        return words.length / ENTRY_WORDS;
    }

    boolean enabled() {
        return (control & ENABLE) != 0;
    }

    /** A byte of the capability behind its first two. */
    int readCapability(int at, int bar) {
        return switch (at) {
            case 2 -> vectors() - 1;
            case 3 -> control;
            case 4 -> bar;
            case 8 -> PENDING_OFFSET & 0xff | bar;
            case 9 -> PENDING_OFFSET >> 8;
            default -> 0;
        };
    }

    void writeCapability(int at, int value) {
        if (at == 3) {
            control = value & (ENABLE | FUNCTION_MASK);
            sendPending();
        }
    }

    /** Raises a vector; one that is masked waits. */
    void raise(int vector) {
        if (vector < vectors()) {
            pending |= 1L << vector;
            sendPending();
        }
    }

    private void sendPending() {
        if ((control & (ENABLE | FUNCTION_MASK)) != ENABLE) {
            return;
        }
        for (int vector = 0; pending != 0 && vector < vectors(); vector++) {
            int at = vector * ENTRY_WORDS;
            if ((pending & 1L << vector) != 0 && (words[at + 3] & MASKED) == 0) {
                pending &= ~(1L << vector);
                send.accept(words[at] & 0xffff_ffffL | (long) words[at + 1] << 32, words[at + 2]);
            }
        }
    }

    @Override
    public long read(long offset, int size) {
        long value = word(offset);
        if (size == 8) {
            return value & 0xffff_ffffL | word(offset + 4) << 32;
        }
        return value >>> 8 * (offset & 3) & (1L << 8 * size) - 1;
    }

    private long word(long offset) {
        int at = (int) offset >> 2;
        if (at < words.length) {
            return words[at] & 0xffff_ffffL;
        }
        int bits = (int) offset - PENDING_OFFSET >> 2;
        return bits == 0 || bits == 1 ? pending >>> 32 * bits & 0xffff_ffffL : 0;
    }

    /** Software writes whole double words (6.8.2); others are lost. */
    @Override
    public void write(long offset, int size, long value) {
        if (size < 4 || (offset & 3) != 0) {
            return;
        }
        for (int i = 0; i < size / 4; i++) {
            int at = ((int) offset >> 2) + i;
            if (at < words.length) {
                words[at] = (int) (value >>> 32 * i) & (at % ENTRY_WORDS == ENTRY_WORDS - 1 ? MASKED : -1);
            }
        }
        sendPending();
    }

    void save(DataOutputStream out) throws IOException {
        for (int word : words) {
            out.writeInt(word);
        }
        out.writeLong(pending);
        out.writeByte(control);
    }

    void load(DataInputStream in) throws IOException {
        for (int i = 0; i < words.length; i++) {
            words[i] = in.readInt() & (i % ENTRY_WORDS == ENTRY_WORDS - 1 ? MASKED : -1);
        }
        pending = in.readLong() & (1L << vectors()) - 1;
        control = in.readUnsignedByte() & (ENABLE | FUNCTION_MASK);
    }
}
