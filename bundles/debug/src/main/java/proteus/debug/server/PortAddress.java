package proteus.debug.server;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Optional;
import proteus.api.vm.VmException;
import proteus.debug.target.Architecture;

/**
 * {@code [HOST:]PORT[,ARCHITECTURE]} as users write it.
 *
 * @param socket where to listen
 * @param architecture what GDB is told, if the user wishes one
 */
record PortAddress(InetSocketAddress socket, Optional<Architecture> architecture) {
    private static final int PORTS = 0x10000;

    static PortAddress parse(String text) {
        int comma = text.indexOf(',');
        Optional<Architecture> architecture = Optional.empty();
        if (comma >= 0) {
            architecture = Architecture.named(text.substring(comma + 1));
            if (architecture.isEmpty()) {
                throw new VmException("'" + text.substring(comma + 1) + "' is no architecture of a debugger port: write i386 or x86-64");
            }
        }
        String place = comma >= 0 ? text.substring(0, comma) : text;
        int colon = place.lastIndexOf(':');
        String host = colon < 0 ? "" : place.substring(0, colon).replaceFirst("^\\[(.*)\\]$", "$1");
        int port;
        try {
            port = Integer.parseInt(place.substring(colon + 1));
        } catch (NumberFormatException e) {
            port = -1;
        }
        if (port < 0 || port >= PORTS) {
            throw new VmException("'" + text + "' is no debugger address: write [HOST:]PORT, such as 1234 or 0.0.0.0:1234");
        }
        try {
            InetAddress address = host.isEmpty() ? InetAddress.getLoopbackAddress() : InetAddress.getByName(host);
            return new PortAddress(new InetSocketAddress(address, port), architecture);
        } catch (UnknownHostException e) {
            throw new VmException("there is no host '" + host + "' to listen at for a debugger");
        }
    }
}
