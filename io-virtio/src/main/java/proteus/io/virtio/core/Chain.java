package proteus.io.virtio.core;

import proteus.api.memory.GuestMemory;

/**
 * One buffer of a queue: the device-readable elements, then the device-writable ones (virtio 1.2, 2.6.4 and 2.7.4.2). Every
 * descriptor was read once and checked, so that what the driver changes meanwhile has no effect. The framing carries no
 * meaning (2.7.4.1): the two parts are read and written as streams. Reused from buffer to buffer.
 */
public final class Chain {
    private final GuestMemory memory;
    private final long[] address;
    private final long[] length;
    private int head;
    private int elements;
    private int readableElements;
    private long readable;
    private long writable;
    private int element;
    private long offset;

    Chain(GuestMemory memory, int most) {
        this.memory = memory;
        address = new long[most];
        length = new long[most];
    }

    void begin(int first) {
        head = first;
        elements = 0;
        readableElements = 0;
        readable = 0;
        writable = 0;
        element = 0;
        offset = 0;
    }

    void add(long gpa, long bytes, boolean write) throws RingException {
        if (elements == address.length) {
            throw new RingException("a chain of more than " + elements + " descriptors, or a loop");
        }
        if (!memory.contains(gpa, bytes)) {
            throw new RingException("a buffer that is not all in memory");
        }
        if (write) {
            writable += bytes;
        } else if (elements != readableElements) {
            throw new RingException("a device-readable descriptor behind a device-writable one");
        } else {
            readableElements++;
            readable += bytes;
        }
        address[elements] = gpa;
        length[elements++] = bytes;
    }

    int head() {
        return head;
    }

    /** Bytes of the device-readable part. */
    public long readable() {
        return readable;
    }

    /** Bytes of the device-writable part. */
    public long writable() {
        return writable;
    }

    /** Reads on in the readable part; gives how many bytes there were, at most {@code count}. */
    public int read(byte[] target, int at, int count) {
        int done = 0;
        while (done < count && element < readableElements) {
            int now = (int) Math.min(count - done, length[element] - offset);
            memory.read(address[element] + offset, target, at + done, now);
            done += now;
            advance(now);
        }
        return done;
    }

    /** Writes on in the writable part, which begins once; gives how many bytes found room. What is unread of the readable part is skipped. */
    public int write(byte[] source, int at, int count) {
        if (element < readableElements) {
            element = readableElements;
            offset = 0;
        }
        int done = 0;
        while (done < count && element < elements) {
            int now = (int) Math.min(count - done, length[element] - offset);
            memory.write(address[element] + offset, source, at + done, now);
            done += now;
            advance(now);
        }
        return done;
    }

    /** Where a byte of the writable part lies; it must be below {@link #writable}. */
    long place(long at) {
        int index = readableElements;
        long left = at;
        while (left >= length[index]) {
            left -= length[index++];
        }
        return address[index] + left;
    }

    private void advance(int bytes) {
        offset += bytes;
        if (offset == length[element]) {
            element++;
            offset = 0;
        }
    }

    /** Writes the last byte of the writable part, which must not be empty. */
    public void writeLast(int value) {
        int last = elements - 1;
        while (length[last] == 0) {
            last--;
        }
        memory.write8(address[last] + length[last] - 1, value);
    }
}
