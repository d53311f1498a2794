package proteus.backend.net.user;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.List;
import proteus.api.io.DeviceContext;

/**
 * Waits for the host's sockets on a thread of its own, which does nothing else: what a socket is ready for is done on the machine's
 * thread, and the socket is not waited for again until its owner says so.
 */
final class HostSockets implements AutoCloseable {
    /** What belongs to a socket. */
    interface Owner {
        /** The socket can do something of what it waited for. On the machine's thread. */
        void ready();
    }

    private final DeviceContext machine;
    private Selector selector;
    private volatile boolean closed;

    HostSockets(DeviceContext machine) {
        this.machine = machine;
    }

    /** Takes a socket, which is made non-blocking and waits for nothing yet. */
    SelectionKey register(SelectableChannel channel, Owner owner) throws IOException {
        if (selector == null) {
            selector = Selector.open();
            Thread.ofPlatform().daemon(true).name("network of " + machine).start(this::serve);
        }
        channel.configureBlocking(false);
        return channel.register(selector, 0, owner);
    }

    /** What a socket waits for from now on. */
    void await(SelectionKey key, int operations) {
        try {
            if (key.interestOps() != operations) {
                key.interestOps(operations);
                if (operations != 0) {
                    selector.wakeup();
                }
            }
        } catch (CancelledKeyException e) {
            // It was closed: nothing will come.
        }
    }

    /** Closes a socket; it is gone from the host once the selecting thread has let go of it, which must wake for that. */
    void release(SelectableChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            // A socket that cannot be closed is gone for us.
        }
        if (selector != null) {
            selector.wakeup();
        }
    }

    private void serve() {
        try {
            while (!closed) {
                List<Owner> ready = new ArrayList<>();
                selector.select(key -> {
                    key.interestOps(0);
                    ready.add((Owner) key.attachment());
                });
                if (!ready.isEmpty()) {
                    machine.post(() -> {
                        if (!closed) {
                            ready.forEach(Owner::ready);
                        }
                    });
                }
            }
        } catch (ClosedSelectorException | ClosedChannelException e) {
            // The network is closed.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        closed = true;
        if (selector != null) {
            try {
                selector.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
