package proteus.backend.net;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import proteus.api.io.DeviceContext;
import proteus.api.io.NetBackend;
import proteus.backend.net.wire.Cable;
import proteus.backend.net.wire.Segments;

/** Repeats each frame at all other ports. The only shared state is the list of ports: a frame is handed over to the thread of each machine. */
final class Hub {
    private final List<Port> ports = new CopyOnWriteArrayList<>();

    NetBackend plug(DeviceContext machine, byte[] address) {
        Port port = new Port(machine, address);
        ports.add(port);
        return port;
    }

    private final class Port implements NetBackend {
        private final DeviceContext machine;
        private final byte[] address;
        private final Cable cable = new Cable();
        private boolean closed;

        Port(DeviceContext machine, byte[] address) {
            this.machine = machine;
            this.address = address;
        }

        @Override
        public byte[] address() {
            return address.clone();
        }

        @Override
        public void connect(Card card) {
            cable.connect(card);
        }

        @Override
        public void transmit(byte[] frame, int length, int segment) {
            if (segment != 0 && !Segments.possible(frame, length)) {
                return;
            }
            if (segment != 0) {
                Segments.complete(frame, length);
            }
            byte[] copy = Arrays.copyOf(frame, length);
            for (Port other : ports) {
                if (other != this) {
                    other.machine.post(() -> other.arrive(copy, segment));
                }
            }
        }

        private void arrive(byte[] frame, int segment) {
            if (!closed) {
                cable.send(frame, frame.length, segment);
            }
        }

        @Override
        public void room() {
            cable.room();
        }

        @Override
        public boolean expecting() {
            return ports.size() > 1;
        }

        @Override
        public void close() {
            closed = true;
            ports.remove(this);
        }
    }
}
