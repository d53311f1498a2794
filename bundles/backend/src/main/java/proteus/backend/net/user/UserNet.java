package proteus.backend.net.user;

import static proteus.backend.net.wire.Wire.*;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import proteus.api.io.DeviceContext;
import proteus.api.io.NetBackend;
import proteus.api.io.NetSetting;
import proteus.api.io.Timers;
import proteus.backend.net.wire.Cable;

/** The network of one machine and its gateway to the host's sockets. */
public final class UserNet implements NetBackend {
    private static final int ARP_LENGTH = 28;
    private static final int ARP_REQUEST = 1, ARP_REPLY = 2;
    private static final int ECHO_REQUEST = 8;
    private static final int PROTOCOL_UNREACHABLE = 2, PORT_UNREACHABLE = 3, PROHIBITED = 13;

    private final byte[] address;
    private final Cable cable = new Cable();
    private final HostSockets sockets;
    private final Packets packets;
    private final DhcpServer dhcp;
    private final NameServer names;
    private final UdpFlows udp;
    private final TcpFlows tcp;
    private final Timers.Timer timer;

    /**
     * @param address of the card
     * @throws IOException in one sentence, when a port cannot be forwarded
     */
    public UserNet(DeviceContext machine, byte[] address, List<NetSetting.Forward> forwards) throws IOException {
        this.address = address.clone();
        sockets = new HostSockets(machine);
        packets = new Packets(cable, address);
        dhcp = new DhcpServer(packets);
        names = new NameServer(packets, machine);
        timer = machine.timers().create("user network", this::expire);
        udp = new UdpFlows(packets, sockets, machine.timers());
        tcp = new TcpFlows(packets, sockets, machine, this::arm);
        for (NetSetting.Forward forward : forwards) {
            forward(forward);
        }
    }

    private void forward(NetSetting.Forward wish) throws IOException {
        try {
            SocketAddress at = new InetSocketAddress(wish.host().isEmpty() ? InetAddress.getLoopbackAddress() : InetAddress.getByName(wish.host()), wish.hostPort());
            int guest = wish.guest().isEmpty() ? Addresses.GUEST : i32(InetAddress.getByName(wish.guest()).getAddress(), 0);
            if (wish.udp()) {
                udp.forward(wish, at, guest);
            } else {
                tcp.forward(at, guest, wish.guestPort());
            }
        } catch (UnknownHostException e) {
            close();
            throw new IOException("hostfwd=%s cannot be: there is no host '%s'.".formatted(wish, e.getMessage()), e);
        } catch (IOException e) {
            close();
            throw new IOException("hostfwd=%s cannot be: port %d of the host is not to be had (%s).".formatted(wish, wish.hostPort(), e.getMessage()), e);
        }
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
    public boolean expecting() {
        return tcp.any() || udp.any() || names.busy();
    }

    @Override
    public void room() {
        cable.room();
        if (cable.free()) {
            tcp.resume();
        }
    }

    private void expire() {
        long next = Math.min(tcp.expire(), udp.expire());
        if (next != Long.MAX_VALUE) {
            timer.arm(next);
        }
    }

    @Override
    public void transmit(byte[] frame, int length, int segment) {
        if (length < ETHERNET) {
            return;
        }
        switch (u16(frame, ETHERTYPE)) {
            case ARP -> arp(frame, length);
            case IPV4 -> ip(frame, length, segment);
            default -> {
                // There is nobody else in this network, and no IPv6.
            }
        }
    }

    private void arp(byte[] frame, int length) {
        int target = length < ETHERNET + ARP_LENGTH ? 0 : i32(frame, ETHERNET + 24);
        if (u16(frame, ETHERNET + 6) != ARP_REQUEST || !Addresses.own(target)) {
            return;
        }
        packets.heard(frame, ADDRESS);
        byte[] out = packets.frame;
        System.arraycopy(frame, ETHERNET, out, ETHERNET, 6);
        u16(out, ETHERNET + 6, ARP_REPLY);
        System.arraycopy(Addresses.GATEWAY_ETHERNET, 0, out, ETHERNET + 8, ADDRESS);
        i32(out, ETHERNET + 14, target);
        System.arraycopy(frame, ETHERNET + 8, out, ETHERNET + 18, ADDRESS + 4);
        packets.ethernet(ARP, ARP_LENGTH);
    }

    private void ip(byte[] frame, int length, int segment) {
        int ip = ETHERNET;
        if (length < ip + IP_HEADER || frame[ip] >> 4 != 4 || ipHeader(frame, ip) < IP_HEADER || ip + ipHeader(frame, ip) > length) {
            return;
        }
        int total = segment != 0 ? length - ip : u16(frame, ip + IP_TOTAL);
        int payload = ip + ipHeader(frame, ip);
        int bytes = ip + total - payload;
        boolean fragment = (u16(frame, ip + IP_FRAGMENT) & 0x3fff) != 0;
        if (bytes < 8 || ip + total > length || fragment || segment == 0 && checksum(sum(frame, ip, ipHeader(frame, ip), 0)) != 0) {
            return;
        }
        packets.heard(frame, ADDRESS);
        int target = i32(frame, ip + IP_TARGET);
        switch (u8(frame, ip + IP_PROTOCOL)) {
            case ICMP -> echo(frame, ip, payload, bytes, target);
            case UDP -> datagram(frame, ip, payload, bytes, target);
            case TCP -> tcp.segment(frame, ip, payload, bytes, segment != 0);
            default -> packets.unreachable(frame, ip, PROTOCOL_UNREACHABLE);
        }
    }

    /** The gateway answers an echo request itself; others would need privileges on the host. */
    private void echo(byte[] frame, int ip, int icmp, int bytes, int target) {
        if (u8(frame, icmp) != ECHO_REQUEST || checksum(sum(frame, icmp, bytes, 0)) != 0) {
            return;
        }
        if (!Addresses.own(target)) {
            packets.unreachable(frame, ip, PROHIBITED);
            return;
        }
        byte[] out = packets.frame;
        System.arraycopy(frame, icmp, out, Packets.PAYLOAD, bytes);
        i32(out, Packets.PAYLOAD, 0);
        u16(out, Packets.PAYLOAD + 2, checksum(sum(out, Packets.PAYLOAD, bytes, 0)));
        packets.ip(ICMP, target, i32(frame, ip + IP_SOURCE), bytes);
    }

    private void datagram(byte[] frame, int ip, int at, int bytes, int target) {
        int length = u16(frame, at + UDP_LENGTH);
        if (length < UDP_HEADER || length > bytes
                || u16(frame, at + UDP_CHECKSUM) != 0 && checksum(sum(frame, at, length, pseudo(frame, ip, UDP, length))) != 0) {
            return;
        }
        int port = u16(frame, at + 2);
        boolean broadcast = target == Addresses.BROADCAST || target == -1;
        if (port == DhcpServer.SERVER_PORT && (broadcast || Addresses.own(target))) {
            dhcp.datagram(frame, at + UDP_HEADER, length - UDP_HEADER);
        } else if (port == NameServer.PORT && Addresses.own(target)) {
            names.datagram(frame, at + UDP_HEADER, length - UDP_HEADER, i32(frame, ip + IP_SOURCE), u16(frame, at));
        } else if (port != 0 && (target == Addresses.GATEWAY || Addresses.outside(target))) {
            udp.datagram(frame, ip, at, length);
            arm(udp.expire());
        } else if (!broadcast && Addresses.inside(target)) {
            packets.unreachable(frame, ip, PORT_UNREACHABLE);
        }
    }

    /** Looks at the deadlines then, or before; too early does no harm. */
    private void arm(long deadline) {
        if (deadline < timer.deadline()) {
            timer.arm(deadline);
        }
    }

    @Override
    public void close() {
        timer.cancel();
        tcp.close();
        udp.close();
        sockets.close();
    }
}
