package proteus.backend.net;

import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import proteus.api.io.NetBackend;
import proteus.api.io.Timers;

/** A network whose frames are written to a file besides, in the classic format of pcap with nanoseconds (draft-ietf-opsawg-pcap), at instants of the VM's clock. */
final class Captured implements NetBackend {
    private static final Logger LOG = LoggerFactory.getLogger(Captured.class);
    private static final int MAGIC = 0xa1b2_3c4d;
    private static final int VERSION = 0x0002_0004;
    private static final int LINK_ETHERNET = 1;
    private static final int NANOS = 1_000_000_000;

    private final NetBackend network;
    private final Timers clock;
    private final Path path;
    private final DataOutputStream file;
    private boolean failed;

    Captured(NetBackend network, Timers clock, Path path) throws IOException {
        this.network = network;
        this.clock = clock;
        this.path = path;
        file = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(path)));
        file.writeInt(MAGIC);
        file.writeInt(VERSION);
        file.writeLong(0);
        file.writeInt(LONGEST_LARGE);
        file.writeInt(LINK_ETHERNET);
    }

    private void write(byte[] frame, int length) {
        if (failed) {
            return;
        }
        try {
            long now = clock.now();
            file.writeInt((int) (now / NANOS));
            file.writeInt((int) (now % NANOS));
            file.writeInt(length);
            file.writeInt(length);
            file.write(frame, 0, length);
        } catch (IOException e) {
            // The machine's network goes on without.
            failed = true;
            LOG.warn("The capture {} ends here: {}", path, e.getMessage());
        }
    }

    @Override
    public byte[] address() {
        return network.address();
    }

    @Override
    public void connect(Card card) {
        network.connect(new Card() {
            @Override
            public boolean receive(byte[] frame, int length, int segment) {
                boolean taken = card.receive(frame, length, segment);
                if (taken) {
                    write(frame, length);
                }
                return taken;
            }

            @Override
            public boolean large() {
                return card.large();
            }
        });
    }

    @Override
    public void transmit(byte[] frame, int length, int segment) {
        write(frame, length);
        network.transmit(frame, length, segment);
    }

    @Override
    public void room() {
        network.room();
    }

    @Override
    public boolean expecting() {
        return network.expecting();
    }

    @Override
    public void close() {
        network.close();
        try {
            file.close();
        } catch (IOException e) {
            LOG.warn("The capture {} may lack its end: {}", path, e.getMessage());
        }
    }
}
