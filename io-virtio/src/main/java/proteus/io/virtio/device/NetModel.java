package proteus.io.virtio.device;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import proteus.api.io.DeviceRole;
import proteus.api.io.NetBackend;
import proteus.io.virtio.core.Chain;
import proteus.io.virtio.core.DeviceModel;
import proteus.io.virtio.core.RingException;
import proteus.io.virtio.core.SplitQueue;
import proteus.io.virtio.core.VirtioCore;

/** The network device (virtio 1.2, 5.1): a pair of queues and a control queue, checksum and TCP segmentation offload, mergeable buffers. */
public final class NetModel implements DeviceModel, NetBackend.Card {
    private static final int TYPE = 1;
    private static final int RECEIVE = 0, TRANSMIT = 1, CONTROL = 2;

    private static final long CSUM = 1, GUEST_CSUM = 1 << 1, MAC = 1 << 5, GUEST_TSO4 = 1 << 7, HOST_TSO4 = 1 << 11, MRG_RXBUF = 1 << 15, STATUS = 1 << 16,
            CTRL_VQ = 1 << 17, CTRL_RX = 1 << 18, CTRL_MAC_ADDR = 1 << 23;

    /** struct virtio_net_hdr (5.1.6). */
    private static final int HEADER = 12, FLAGS = 0, GSO_TYPE = 1, HEADER_LENGTH = 2, GSO_SIZE = 4, CSUM_START = 6, CSUM_OFFSET = 8, BUFFERS = 10;
    private static final int NEEDS_CSUM = 1;
    private static final int GSO_NONE = 0, GSO_TCPV4 = 1, GSO_ECN = 0x80;

    private static final int CLASS_RX = 0, CLASS_MAC = 1, TABLE_SET = 0, ADDRESS_SET = 1;
    private static final int OK = 0, REFUSED = 1;
    private static final int MOST_COMMAND = 4096;

    private static final int ETHERNET = 14;
    private static final int IP_TARGET_END = 20;
    private static final int TCP_CHECKSUM = 16;
    private static final int LINK_UP = 1;
    private static final int CONFIGURATION = 8;

    private final NetBackend backend;
    private final byte[] address;
    private final NetFilter filter = new NetFilter();
    private final byte[] frame = new byte[NetBackend.LONGEST_LARGE];
    private final byte[] command = new byte[MOST_COMMAND];
    private final ByteBuffer header = ByteBuffer.allocate(HEADER).order(ByteOrder.LITTLE_ENDIAN);
    private VirtioCore live;

    // The frame that is being received, while the queue is served.
    private byte[] arriving;
    private int length;
    private int segment;
    private boolean serving;
    private boolean taken;

    public NetModel(NetBackend backend) {
        this.backend = backend;
        address = backend.address();
        filter.reset(address);
        backend.connect(this);
    }

    @Override
    public int type() {
        return TYPE;
    }

    @Override
    public String name() {
        return "net";
    }

    @Override
    public DeviceRole role() {
        return DeviceRole.NET;
    }

    @Override
    public long features() {
        return CSUM | GUEST_CSUM | MAC | GUEST_TSO4 | HOST_TSO4 | MRG_RXBUF | STATUS | CTRL_VQ | CTRL_RX | CTRL_MAC_ADDR;
    }

    @Override
    public int queues() {
        return 3;
    }

    @Override
    public int configurationLength() {
        return CONFIGURATION;
    }

    @Override
    public int readConfiguration(int offset) {
        return offset < address.length ? address[offset] & 0xff : offset == address.length ? LINK_UP : 0;
    }

    @Override
    public void start(VirtioCore core) {
        live = core;
        filter.reset(address);
    }

    @Override
    public void serve(VirtioCore core, int index) throws RingException {
        switch (index) {
            case TRANSMIT -> transmit(core, core.queue(TRANSMIT));
            case CONTROL -> control(core, core.queue(CONTROL));
            default -> {
                if (arriving == null) {
                    // The driver has given buffers: what waits comes.
                    serving = true;
                    try {
                        backend.room();
                    } finally {
                        serving = false;
                    }
                } else {
                    taken = deliver(core, core.queue(RECEIVE));
                }
            }
        }
    }

    // --- to the network

    private void transmit(VirtioCore core, SplitQueue queue) throws RingException {
        for (Chain chain = queue.next(); chain != null; chain = queue.next()) {
            if (chain.writable() != 0 || chain.readable() < HEADER || chain.readable() > HEADER + frame.length) {
                throw new RingException("a packet of %d bytes".formatted(chain.readable()));
            }
            chain.read(header.array(), 0, HEADER);
            send(chain.read(frame, 0, frame.length));
            core.done(queue, 0);
        }
    }

    /** What has no sense is not sent: to the driver the packet is lost (5.1.6.2.2). */
    private void send(int bytes) {
        int kind = header.get(GSO_TYPE) & 0xff & ~GSO_ECN;
        int pieces = header.getShort(GSO_SIZE) & 0xffff;
        if (bytes < ETHERNET || kind != GSO_NONE && (kind != GSO_TCPV4 || pieces == 0)) {
            return;
        }
        if (kind == GSO_TCPV4) {
            backend.transmit(frame, bytes, pieces);
            return;
        }
        if ((header.get(FLAGS) & NEEDS_CSUM) != 0) {
            int start = header.getShort(CSUM_START) & 0xffff;
            int place = start + (header.getShort(CSUM_OFFSET) & 0xffff);
            if (place + 2 > bytes) {
                return;
            }
            int sum = ~sum(frame, start, bytes, 0);
            frame[place] = (byte) (sum >> 8);
            frame[place + 1] = (byte) sum;
        }
        if (bytes <= NetBackend.LONGEST) {
            backend.transmit(frame, bytes, 0);
        }
    }

    /** The Internet checksum's sum (RFC 1071). */
    private static int sum(byte[] bytes, int from, int end, int begun) {
        long sum = begun;
        int i = from;
        for (; i + 1 < end; i += 2) {
            sum += (bytes[i] & 0xff) << 8 | bytes[i + 1] & 0xff;
        }
        if (i < end) {
            sum += (bytes[i] & 0xff) << 8;
        }
        while (sum >>> 16 != 0) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return (int) sum;
    }

    // --- from the network

    @Override
    public boolean large() {
        return live != null && (live.accepted() & (GUEST_TSO4 | GUEST_CSUM)) == (GUEST_TSO4 | GUEST_CSUM);
    }

    @Override
    public boolean receive(byte[] bytes, int size, int pieces) {
        if (live == null || !live.serviceable(RECEIVE) || size < ETHERNET || !filter.wants(bytes)) {
            return true;
        }
        arriving = bytes;
        length = size;
        segment = pieces;
        taken = true;
        try {
            if (serving) {
                taken = deliver(live, live.queue(RECEIVE));
            } else {
                live.serve(RECEIVE);
            }
        } catch (RingException e) {
            live.fail(e);
        } finally {
            arriving = null;
        }
        return taken;
    }

    /** Puts the frame into one buffer, or into several if the driver merges them; false: there are too few, and nothing has happened. */
    private boolean deliver(VirtioCore core, SplitQueue queue) throws RingException {
        boolean merge = (core.accepted() & MRG_RXBUF) != 0;
        describe();
        queue.begin();
        int done = 0;
        int used = 0;
        while (done < length) {
            Chain chain = queue.next();
            if (chain == null) {
                queue.undo();
                // A driver that has given all it can will never give more.
                return used == queue.size();
            }
            long room = chain.writable() - (used == 0 ? HEADER : 0);
            if (chain.readable() != 0 || room <= 0 || !merge && room < length) {
                throw new RingException("a buffer of %d bytes for a frame".formatted(chain.writable()));
            }
            if (used++ == 0) {
                chain.write(header.array(), 0, HEADER);
                queue.keep(BUFFERS);
            }
            int now = (int) Math.min(room, length - done);
            chain.write(arriving, done, now);
            done += now;
            long written = now + (used == 1 ? HEADER : 0);
            if (done < length) {
                queue.done(written);
            } else {
                core.done(queue, written);
            }
        }
        if (used > 1) {
            queue.patch(used);
        }
        return true;
    }

    private void describe() {
        header.clear().put(new byte[HEADER]).clear();
        // Without merging it is 1 as well (5.1.6.4.1).
        header.putShort(BUFFERS, (short) 1);
        if (segment != 0) {
            int ip = (arriving[ETHERNET] & 0xf) * 4;
            int tcp = ETHERNET + ip;
            int sum = sum(arriving, ETHERNET + 12, ETHERNET + IP_TARGET_END, 6 + length - tcp);
            arriving[tcp + TCP_CHECKSUM] = (byte) (sum >> 8);
            arriving[tcp + TCP_CHECKSUM + 1] = (byte) sum;
            header.put(FLAGS, (byte) NEEDS_CSUM).put(GSO_TYPE, (byte) GSO_TCPV4);
            header.putShort(HEADER_LENGTH, (short) (tcp + (arriving[tcp + 12] >> 4 & 0xf) * 4));
            header.putShort(GSO_SIZE, (short) segment).putShort(CSUM_START, (short) tcp).putShort(CSUM_OFFSET, (short) TCP_CHECKSUM);
        }
    }

    // --- control

    private void control(VirtioCore core, SplitQueue queue) throws RingException {
        for (Chain chain = queue.next(); chain != null; chain = queue.next()) {
            if (chain.readable() < 2 || chain.writable() < 1) {
                throw new RingException("a network command without class or room for the answer");
            }
            int bytes = chain.read(command, 0, MOST_COMMAND);
            boolean done = chain.readable() <= MOST_COMMAND && command(bytes);
            chain.write(new byte[] {(byte) (done ? OK : REFUSED)}, 0, 1);
            core.done(queue, 1);
        }
    }

    private boolean command(int bytes) {
        return switch (command[0]) {
            case CLASS_RX -> bytes == 3 && filter.mode(command[1] & 0xff, command[2] & 0xff);
            case CLASS_MAC -> {
                if (command[1] == ADDRESS_SET && bytes == 8) {
                    filter.own(command, 2);
                    yield true;
                }
                yield command[1] == TABLE_SET && filter.tables(command, 2, bytes);
            }
            default -> false;
        };
    }

    @Override
    public void save(DataOutputStream out) throws IOException {
        filter.save(out);
    }

    @Override
    public void load(DataInputStream in) throws IOException {
        filter.load(in);
    }
}
