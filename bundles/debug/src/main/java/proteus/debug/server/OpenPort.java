package proteus.debug.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import proteus.api.vm.DebuggerPort;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VmException;
import proteus.api.vm.VmState;
import proteus.debug.target.Architecture;

/** A port that listens for one VM's debugger; whoever comes while one is there is turned away. */
final class OpenPort implements DebuggerPort.Opened {
    private static final Logger LOG = LoggerFactory.getLogger(OpenPort.class);

    /** How often it is looked whether the VM is there still. */
    private static final int LOOK_AROUND_MILLIS = 1000;

    private final VirtualMachine vm;
    private final ServerSocket server;
    private final Optional<Architecture> architecture;
    private final Consumer<OpenPort> closed;
    private volatile Thread listener;
    private final Object lock = new Object();
    /** Guarded by the lock. */
    private Session session;

    OpenPort(VirtualMachine vm, ServerSocket server, Optional<Architecture> architecture, Consumer<OpenPort> closed) {
        this.vm = vm;
        this.server = server;
        this.architecture = architecture;
        this.closed = closed;
    }

    void start() {
        listener = Thread.ofPlatform().daemon(true).name("gdb port of " + vm.name()).start(this::listen);
    }

    private void listen() {
        while (!server.isClosed()) {
            try {
                server.setSoTimeout(LOOK_AROUND_MILLIS);
                welcome(server.accept());
            } catch (SocketTimeoutException e) {
                if (vm.state() == VmState.CLOSED) {
                    close();
                }
            } catch (IOException e) {
                if (!server.isClosed()) {
                    LOG.warn("A debugger could not connect to VM {}: {}", vm.name(), e.getMessage());
                }
            }
        }
    }

    private void welcome(Socket socket) throws IOException {
        synchronized (lock) {
            if (session == null) {
                try {
                    socket.setTcpNoDelay(true);
                    session = new Session(vm, socket, architecture);
                    LOG.info("A debugger at {} looks at VM {}", socket.getRemoteSocketAddress(), vm.name());
                    Thread.ofPlatform().daemon(true).name("gdb session of " + vm.name()).start(() -> serve(session));
                    return;
                } catch (VmException e) {
                    LOG.warn("A debugger was turned away: {}", e.getMessage());
                }
            } else {
                LOG.warn("A debugger at {} was turned away: VM {} has one already", socket.getRemoteSocketAddress(), vm.name());
            }
        }
        socket.close();
    }

    private void serve(Session mine) {
        try {
            mine.run();
        } finally {
            synchronized (lock) {
                session = null;
                lock.notifyAll();
            }
            LOG.info("The debugger has left VM {}", vm.name());
        }
    }

    @Override
    public String address() {
        InetAddress host = server.getInetAddress();
        String name = host.getHostAddress();
        return (name.contains(":") ? "[" + name + "]" : name) + ":" + server.getLocalPort();
    }

    @Override
    public void awaitFree() throws InterruptedException {
        synchronized (lock) {
            while (session != null) {
                lock.wait();
            }
        }
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            LOG.warn("The debugger port of VM {} was not closed well: {}", vm.name(), e.getMessage());
        }
        synchronized (lock) {
            if (session != null) {
                session.cut();
            }
        }
        closed.accept(this);
        if (Thread.currentThread() != listener) {
            try {
                // the port is free when the thread that waits in accept has seen that it is closed
                listener.join(Duration.ofSeconds(2));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
