package proteus.debug.server;

import java.io.IOException;
import java.net.BindException;
import java.net.ServerSocket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import proteus.api.vm.DebuggerPort;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VmException;

/** Ports for GDB. */
@Component
public final class GdbPort implements DebuggerPort {
    private static final Logger LOG = LoggerFactory.getLogger(GdbPort.class);

    private final Set<OpenPort> open = ConcurrentHashMap.newKeySet();

    @Override
    public Opened open(VirtualMachine vm, String where) {
        PortAddress address = PortAddress.parse(where);
        ServerSocket server;
        try {
            server = new ServerSocket();
            server.setReuseAddress(true);
            server.bind(address.socket(), 1);
        } catch (BindException e) {
            throw new VmException("cannot listen for a debugger at %s:%d (%s): choose another port, or 0 for any free one"
                    .formatted(address.socket().getAddress().getHostAddress(), address.socket().getPort(), e.getMessage()));
        } catch (IOException e) {
            throw new VmException("cannot listen for a debugger at " + where + ": " + e.getMessage());
        }
        if (!address.socket().getAddress().isLoopbackAddress()) {
            LOG.warn("Whoever reaches {} can read and change everything in VM {}", server.getLocalSocketAddress(), vm.name());
        }
        OpenPort port = new OpenPort(vm, server, address.architecture(), open::remove);
        open.add(port);
        port.start();
        return port;
    }

    @Deactivate
    void deactivate() {
        open.forEach(OpenPort::close);
    }
}
