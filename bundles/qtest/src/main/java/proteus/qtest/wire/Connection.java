package proteus.qtest.wire;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.Deque;

/** One socket. What cannot be sent at once waits for the other side to read; nothing here ever blocks. */
public final class Connection {
    private static final int BUFFER = 64 << 10;

    private final SocketChannel channel;
    private final SelectionKey key;
    private final ByteBuffer in = ByteBuffer.allocate(BUFFER);
    private final Deque<ByteBuffer> waiting = new ArrayDeque<>();
    private Receiver receiver = bytes -> { };

    Connection(SocketChannel channel, SelectionKey key) {
        this.channel = channel;
        this.key = key;
    }

    /** Who gets what comes, from now on. */
    public void receiver(Receiver wanted) {
        receiver = wanted;
    }

    /** Sends; what is sent to somebody who is gone is lost. */
    public void send(byte[] bytes) {
        if (!channel.isOpen()) {
            return;
        }
        waiting.add(ByteBuffer.wrap(bytes));
        flush();
    }

    private void flush() {
        try {
            while (!waiting.isEmpty()) {
                channel.write(waiting.peek());
                if (waiting.peek().hasRemaining()) {
                    break;
                }
                waiting.remove();
            }
            key.interestOps(waiting.isEmpty() ? SelectionKey.OP_READ : SelectionKey.OP_READ | SelectionKey.OP_WRITE);
        } catch (IOException gone) {
            close();
        }
    }

    void ready() {
        if (key.isWritable()) {
            flush();
        }
        if (key.isValid() && key.isReadable()) {
            read();
        }
    }

    private void read() {
        try {
            in.clear();
            int got = channel.read(in);
            if (got < 0) {
                close();
                return;
            }
            byte[] bytes = new byte[got];
            in.flip().get(bytes);
            receiver.received(bytes);
        } catch (IOException gone) {
            close();
        }
    }

    boolean open() {
        return channel.isOpen();
    }

    void close() {
        key.cancel();
        waiting.clear();
        try {
            channel.close();
        } catch (IOException e) {
            // It is gone in any case.
        }
    }
}
