package proteus.backend.net.user;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;

/** Bytes on their way, first in, first out. */
final class Ring {
    private final ByteBuffer buffer;
    private final int capacity;
    private int first;
    private int count;

    /** @param capacity a power of two */
    Ring(int capacity) {
        this.capacity = capacity;
        buffer = ByteBuffer.allocate(capacity);
    }

    int count() {
        return count;
    }

    int room() {
        return capacity - count;
    }

    /** Adds what fits; gives how much that is. */
    int add(byte[] bytes, int at, int length) {
        int taken = Math.min(length, room());
        int end = first + count & capacity - 1;
        int once = Math.min(taken, capacity - end);
        System.arraycopy(bytes, at, buffer.array(), end, once);
        System.arraycopy(bytes, at + once, buffer.array(), 0, taken - once);
        count += taken;
        return taken;
    }

    /** Copies bytes from a distance behind the first on; they stay. */
    void copy(int from, byte[] target, int at, int length) {
        int begin = first + from & capacity - 1;
        int once = Math.min(length, capacity - begin);
        System.arraycopy(buffer.array(), begin, target, at, once);
        System.arraycopy(buffer.array(), 0, target, at + once, length - once);
    }

    void drop(int bytes) {
        first = first + bytes & capacity - 1;
        count -= bytes;
    }

    /** Reads as much as there is room for; -1 at the channel's end. */
    int fill(ReadableByteChannel channel) throws IOException {
        int all = 0;
        while (room() > 0) {
            int end = first + count & capacity - 1;
            int got = channel.read(buffer.limit(Math.min(capacity, end + room())).position(end));
            if (got <= 0) {
                return got < 0 && all == 0 ? -1 : all;
            }
            count += got;
            all += got;
        }
        return all;
    }

    /** Writes as much as the channel takes. */
    void drain(WritableByteChannel channel) throws IOException {
        while (count > 0) {
            int once = Math.min(count, capacity - first);
            int put = channel.write(buffer.limit(first + once).position(first));
            if (put == 0) {
                return;
            }
            drop(put);
        }
    }
}
