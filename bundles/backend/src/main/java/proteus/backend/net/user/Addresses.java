package proteus.backend.net.user;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** Who is who in the network, as QEMU's users know it. */
final class Addresses {
    static final int NETWORK = 0x0a00_0200;
    static final int MASK = 0xffff_ff00;
    static final int GATEWAY = NETWORK | 2;
    static final int NAME_SERVER = NETWORK | 3;
    static final int GUEST = NETWORK | 15;
    static final int BROADCAST = NETWORK | 255;
    static final byte[] GATEWAY_ETHERNET = {0x52, 0x55, 10, 0, 2, 2};

    private Addresses() {}

    /** Whether the gateway itself answers here. */
    static boolean own(int address) {
        return address == GATEWAY || address == NAME_SERVER;
    }

    static boolean inside(int address) {
        return (address & MASK) == NETWORK;
    }

    /** Whether packets for it can go to one host outside. */
    static boolean outside(int address) {
        int first = address >>> 24;
        return !inside(address) && first != 0 && first < 224;
    }

    /** Where a connection to this address of the network goes: the gateway stands for the host's loopback address. */
    static InetAddress host(int address) {
        int real = address == GATEWAY ? 0x7f00_0001 : address;
        try {
            return InetAddress.getByAddress(new byte[] {(byte) (real >> 24), (byte) (real >> 16), (byte) (real >> 8), (byte) real});
        } catch (UnknownHostException e) {
            throw new AssertionError("four bytes are an address", e);
        }
    }
}
