package proteus.backend.net.user;

import static proteus.backend.net.wire.Wire.*;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;

/**
 * One TCP connection of the guest (RFC 9293), which ends here, and the host's connection that its data goes on by. Nothing is lost on the
 * way to the guest but what its card has no room for, so there is a retransmission timer with back-off (RFC 6298), a retransmission at
 * the third duplicate acknowledgement, probes of a closed window, but no congestion control. Window scale (RFC 7323) is the one option
 * besides the segment size. All on the machine's thread.
 */
final class TcpConnection implements HostSockets.Owner {
    private static final int BUFFER = 1 << 18;
    private static final int SCALE = 3;
    private static final int LEAST_SEGMENT = 88;
    private static final int USUAL_SEGMENT = 536;
    private static final int MOST_SEGMENT = 1460;
    /** The data of a segment that stands for several. */
    private static final int LARGE = 0xffff - IP_HEADER - TCP_HEADER;
    private static final long TIMEOUT_NANOS = 500_000_000L;
    private static final long LONGEST_TIMEOUT_NANOS = 60_000_000_000L;
    private static final long TIME_WAIT_NANOS = 2_000_000_000L;
    private static final int TRIES = 12;
    private static final int DUPLICATES = 3;
    private static final int OPTION_SEGMENT = 2;
    private static final int OPTION_SCALE = 3;

    /** Where the connection is in its life. */
    private enum Phase {
        /** The host connects; the guest's SYN waits for its answer. */
        CONNECTING,
        /** We have sent the SYN, for a connection that came from outside. */
        SYN_SENT,
        /** We have answered the guest's SYN. */
        SYN_RECEIVED,
        OPEN,
        /** Both ends are through; a last acknowledgement may have to be repeated. */
        TIME_WAIT,
        CLOSED
    }

    /** Its ends: the guest, and whom it speaks to. */
    record Key(int guest, int guestPort, int peer, int peerPort) {}

    private final Key key;
    private final TcpFlows flows;
    private final SocketChannel channel;
    private final SelectionKey selection;
    private final Ring toGuest = new Ring(BUFFER);
    private final Ring toHost = new Ring(BUFFER);
    private Phase phase;

    // What we send: everything before una is acknowledged; max is the furthest that was ever sent.
    private int una;
    private int next;
    private int max;
    private int window;
    private int windowSequence;
    private int windowScale;
    private int segment = USUAL_SEGMENT;
    private int duplicates;
    private boolean hostEnded;
    private boolean endAcknowledged;
    private long timeout = TIMEOUT_NANOS;
    private int tries;
    private long deadline = Long.MAX_VALUE;

    // What we receive.
    private int expected;
    private int ownScale;
    private int advertised;
    private boolean guestEnded;
    private boolean hostShut;
    private boolean acknowledge;

    /** @param sequence the initial sequence number */
    private TcpConnection(Key key, TcpFlows flows, SocketChannel channel, int sequence, Phase phase) throws IOException {
        this.key = key;
        this.flows = flows;
        this.channel = channel;
        this.phase = phase;
        una = sequence;
        next = sequence;
        max = sequence;
        selection = flows.sockets().register(channel, this);
    }

    /** For a SYN of the guest's, while the host connects. */
    static TcpConnection outgoing(Key key, TcpFlows flows, SocketChannel connecting, int sequence, byte[] frame, int tcp) throws IOException {
        TcpConnection connection = new TcpConnection(key, flows, connecting, sequence, Phase.CONNECTING);
        connection.synchronize(frame, tcp);
        flows.sockets().await(connection.selection, SelectionKey.OP_CONNECT);
        return connection;
    }

    /** For a connection that the host has accepted. */
    static TcpConnection incoming(Key key, TcpFlows flows, SocketChannel accepted, int sequence) throws IOException {
        TcpConnection connection = new TcpConnection(key, flows, accepted, sequence, Phase.SYN_SENT);
        connection.ownScale = SCALE;
        connection.sendSyn(SYN);
        return connection;
    }

    Key key() {
        return key;
    }

    boolean closed() {
        return phase == Phase.CLOSED;
    }

    /** When {@link #expire} is due. */
    long deadline() {
        return deadline;
    }

    // --- from the guest

    /** The guest's SYN, its sequence number and options. */
    private void synchronize(byte[] frame, int tcp) {
        expected = i32(frame, tcp + TCP_SEQUENCE) + 1;
        windowSequence = expected - 1;
        window = u16(frame, tcp + TCP_WINDOW);
        windowScale = 0;
        ownScale = 0;
        int end = tcp + (u8(frame, tcp + TCP_OFFSET) >> 4) * 4;
        for (int at = tcp + TCP_HEADER; at + 1 < end && frame[at] != 0; ) {
            if (frame[at] == 1) {
                at++;
                continue;
            }
            int length = u8(frame, at + 1);
            if (length < 2 || at + length > end) {
                break;
            }
            if (frame[at] == OPTION_SEGMENT && length == 4) {
                segment = Math.clamp(u16(frame, at + 2), LEAST_SEGMENT, MOST_SEGMENT);
            } else if (frame[at] == OPTION_SCALE && length == 3) {
                windowScale = Math.min(u8(frame, at + 2), 14);
                ownScale = SCALE;
            }
            at += length;
        }
    }

    /** A segment with good headers and checksum; {@code data} is where its data begins, {@code length} how much there is. */
    void segment(byte[] frame, int tcp, int data, int length) {
        int flags = u8(frame, tcp + TCP_FLAGS);
        int sequence = i32(frame, tcp + TCP_SEQUENCE);
        int acknowledged = i32(frame, tcp + TCP_ACKNOWLEDGEMENT);
        switch (phase) {
            case CONNECTING -> {
                if ((flags & RST) != 0) {
                    abort();
                }
                return;
            }
            case SYN_SENT -> {
                boolean right = (flags & ACK) != 0 && acknowledged == max;
                if (!right && (flags & RST) == 0) {
                    flows.reset(key, acknowledged, 0, 0);
                } else if (right && (flags & RST) != 0) {
                    abort();
                } else if (right && (flags & SYN) != 0) {
                    synchronize(frame, tcp);
                    open(acknowledged);
                    acknowledge = true;
                    ready();
                }
                return;
            }
            case SYN_RECEIVED -> {
                if ((flags & RST) != 0) {
                    if (sequence == expected) {
                        abort();
                    }
                    return;
                }
                if ((flags & SYN) != 0) {
                    next = una;
                    sendSyn(SYN | ACK);
                    return;
                }
                if ((flags & ACK) == 0 || acknowledged != max) {
                    return;
                }
                open(acknowledged);
                window = u16(frame, tcp + TCP_WINDOW) << windowScale;
            }
            case OPEN, TIME_WAIT -> {
                if ((flags & RST) != 0) {
                    if (sequence - expected >= 0 && sequence - expected <= BUFFER) {
                        abort();
                    }
                    return;
                }
                if ((flags & SYN) != 0) {
                    // Of a guest that has forgotten the connection, or of somebody else: its answer to this will tell (RFC 9293, 3.10.7.4).
                    sendAcknowledgement();
                    return;
                }
            }
            case CLOSED -> {
                return;
            }
        }
        if ((flags & ACK) == 0 || !acknowledged(acknowledged, sequence, u16(frame, tcp + TCP_WINDOW) << windowScale, length == 0 && (flags & FIN) == 0)) {
            return;
        }
        receive(frame, data, length, sequence, (flags & FIN) != 0);
        flows.dirty(this);
    }

    private void open(int acknowledged) {
        phase = Phase.OPEN;
        una = acknowledged;
        next = acknowledged;
        quiet();
    }

    /** Gives whether the segment may be looked at further. */
    private boolean acknowledged(int number, int sequence, int newWindow, boolean pure) {
        int news = number - una;
        if (news > max - una) {
            sendAcknowledgement();
            return false;
        }
        if (sequence - windowSequence >= 0) {
            windowSequence = sequence;
            if (news == 0 && pure && newWindow == window && next != una) {
                duplicates++;
            }
            window = newWindow;
        }
        if (news > 0) {
            int data = Math.min(news, toGuest.count());
            toGuest.drop(data);
            una = number;
            if (next - una < 0) {
                next = una;
            }
            endAcknowledged |= hostEnded && toGuest.count() == 0 && news > data;
            quiet();
            if (next != una) {
                arm();
            }
        } else if (duplicates == DUPLICATES) {
            // One segment was lost: what follows it is not sent again.
            int following = next;
            next = una;
            int data = Math.min(segment, toGuest.count());
            if (data > 0) {
                send(una, data, ACK);
            }
            next = following;
        }
        return true;
    }

    private void receive(byte[] frame, int data, int length, int sequence, boolean end) {
        int old = expected - sequence;
        int size = length + (end ? 1 : 0);
        if (size == 0) {
            // A probe of a connection without traffic.
            acknowledge |= old != 0;
            return;
        }
        acknowledge = true;
        if (old < 0 || old > size || guestEnded) {
            return;
        }
        int skipped = Math.min(old, length);
        int taken = toHost.add(frame, data + skipped, length - skipped);
        expected += taken;
        if (end && skipped + taken == length && old <= length) {
            expected++;
            guestEnded = true;
        }
    }

    // --- from the host

    /** The channel can do something, or is to be looked at. */
    @Override
    public void ready() {
        try {
            switch (phase) {
                case CONNECTING -> {
                    if (channel.finishConnect()) {
                        phase = Phase.SYN_RECEIVED;
                        sendSyn(SYN | ACK);
                    } else {
                        flows.sockets().await(selection, SelectionKey.OP_CONNECT);
                    }
                }
                case OPEN -> flows.dirty(this);
                default -> {
                    // Its time has not come, or is over.
                }
            }
        } catch (IOException e) {
            // Refused, or unreachable.
            flows.reset(key, 0, expected, ACK);
            close();
        }
    }

    /** Does what can be done now: data to the host and from it, segments to the guest, the end. */
    void work() {
        if (phase != Phase.OPEN) {
            if (acknowledge && phase == Phase.TIME_WAIT) {
                sendAcknowledgement();
            }
            return;
        }
        try {
            exchange();
        } catch (IOException e) {
            flows.reset(key, next, expected, ACK);
            close();
            return;
        }
        output();
        if (acknowledge || windowOpened()) {
            sendAcknowledgement();
        }
        if (guestEnded && hostShut && endAcknowledged) {
            phase = Phase.TIME_WAIT;
            flows.sockets().release(channel);
            deadline = flows.now() + TIME_WAIT_NANOS;
            flows.armed(deadline);
        }
    }

    private void exchange() throws IOException {
        toHost.drain(channel);
        if (guestEnded && toHost.count() == 0 && !hostShut) {
            channel.shutdownOutput();
            hostShut = true;
        }
        if (!hostEnded && toGuest.fill(channel) < 0) {
            hostEnded = true;
        }
        flows.sockets().await(selection, (toHost.count() > 0 ? SelectionKey.OP_WRITE : 0) | (!hostEnded && toGuest.room() > 0 ? SelectionKey.OP_READ : 0));
    }

    private void output() {
        boolean large = flows.packets().cable().large();
        while (flows.packets().cable().free()) {
            int flying = next - una;
            int waiting = toGuest.count() - flying;
            int most = large ? LARGE - LARGE % segment : segment;
            int size = Math.min(Math.min(waiting, window - flying), most);
            if (size <= 0 || size < waiting && size < segment && flying > 0) {
                break;
            }
            send(next, size, ACK | (size == waiting ? PSH : 0));
            next += size;
            sent();
        }
        if (hostEnded && next - una == toGuest.count() && !endAcknowledged) {
            emit(next, 0, FIN | ACK, TCP_HEADER);
            next++;
            sent();
        }
        if (next == una && toGuest.count() > 0 && deadline == Long.MAX_VALUE) {
            // The window is closed: it is to be probed.
            arm();
        }
    }

    private void sent() {
        if (next - max > 0) {
            max = next;
        }
        if (deadline == Long.MAX_VALUE) {
            arm();
        }
    }

    // --- time

    private void quiet() {
        duplicates = 0;
        tries = 0;
        timeout = TIMEOUT_NANOS;
        deadline = Long.MAX_VALUE;
    }

    private void arm() {
        deadline = flows.now() + timeout;
        flows.armed(deadline);
    }

    /** The deadline has come: what is not acknowledged is sent again. */
    void expire() {
        deadline = Long.MAX_VALUE;
        if (phase == Phase.TIME_WAIT || ++tries > TRIES) {
            if (phase != Phase.TIME_WAIT) {
                flows.reset(key, next, expected, ACK);
            }
            close();
            return;
        }
        timeout = Math.min(timeout * 2, LONGEST_TIMEOUT_NANOS);
        switch (phase) {
            case SYN_SENT -> {
                next = una;
                sendSyn(SYN);
            }
            case SYN_RECEIVED -> {
                next = una;
                sendSyn(SYN | ACK);
            }
            default -> {
                next = una;
                if (window == 0 && toGuest.count() > 0) {
                    send(una, 1, ACK);
                    max = max - una > 0 ? max : una + 1;
                    arm();
                } else {
                    output();
                }
            }
        }
    }

    // --- to the guest

    private void sendSyn(int flags) {
        byte[] frame = flows.packets().frame;
        int at = Packets.TCP_DATA;
        i32(frame, at, OPTION_SEGMENT << 24 | 4 << 16 | MOST_SEGMENT);
        int header = TCP_HEADER + 4;
        if (ownScale != 0) {
            i32(frame, at + 4, 1 << 24 | OPTION_SCALE << 16 | 3 << 8 | SCALE);
            header += 4;
        }
        emit(una, 0, flags, header);
        next = una + 1;
        max = next;
        arm();
    }

    private void send(int sequence, int size, int flags) {
        toGuest.copy(sequence - una, flows.packets().frame, Packets.TCP_DATA, size);
        emit(sequence, size, flags, TCP_HEADER);
    }

    private void sendAcknowledgement() {
        emit(next, 0, ACK, TCP_HEADER);
    }

    private void emit(int sequence, int size, int flags, int header) {
        acknowledge = false;
        // The window of a SYN is never scaled.
        int scale = (flags & SYN) != 0 ? 0 : ownScale;
        int shown = Math.min(toHost.room() >> scale, 0xffff);
        advertised = shown << scale;
        flows.packets().tcp(key.peer, key.peerPort, key.guest, key.guestPort, sequence, (flags & ACK) != 0 ? expected : 0, flags, shown, header, size,
                size > segment ? segment : 0);
    }

    /** The guest believed that there was no room, and there is (RFC 9293, 3.8.6.2.2). */
    private boolean windowOpened() {
        return advertised < BUFFER / 4 && toHost.room() - advertised >= BUFFER / 4;
    }

    // --- the end

    /** The guest wants no more of it. */
    private void abort() {
        try {
            channel.setOption(StandardSocketOptions.SO_LINGER, 0);
        } catch (IOException e) {
            // It is closed all the same.
        }
        close();
    }

    void close() {
        phase = Phase.CLOSED;
        deadline = Long.MAX_VALUE;
        flows.sockets().release(channel);
        flows.gone(this);
    }
}
