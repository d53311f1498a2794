package proteus.io.virtio.device;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Which frames the driver wants (virtio 1.2, 5.1.6.5.1 and 5.1.6.5.2). */
final class NetFilter {
    private static final int ADDRESS = 6;
    private static final int MOST = 64;
    /** Commands of class RX: each has one byte, on or off. */
    private static final int MODES = 6;
    private static final int PROMISCUOUS = 0, ALL_MULTICAST = 1, ALL_UNICAST = 2, NO_MULTICAST = 3, NO_UNICAST = 4, NO_BROADCAST = 5;

    private final boolean[] modes = new boolean[MODES];
    private final byte[] own = new byte[ADDRESS];
    private List<byte[]> unicast = List.of();
    private List<byte[]> multicast = List.of();

    /** As the driver finds it: the card's own address, broadcasts, and groups until there is a table of them. */
    void reset(byte[] address) {
        Arrays.fill(modes, false);
        modes[ALL_MULTICAST] = true;
        System.arraycopy(address, 0, own, 0, ADDRESS);
        unicast = List.of();
        multicast = List.of();
    }

    byte[] own() {
        return own;
    }

    void own(byte[] address, int at) {
        System.arraycopy(address, at, own, 0, ADDRESS);
    }

    boolean mode(int which, int on) {
        if (which >= MODES || on > 1) {
            return false;
        }
        modes[which] = on == 1;
        return true;
    }

    /** Two tables, each a number of 32 bits and so many addresses; one with too many means all of its kind (5.1.6.5.2). */
    boolean tables(byte[] data, int from, int length) {
        int first = entries(data, from, length);
        int next = from + 4 + first * ADDRESS;
        int second = first < 0 ? -1 : entries(data, next, length);
        if (second < 0) {
            return false;
        }
        unicast = table(data, from + 4, first);
        multicast = table(data, next + 4, second);
        modes[ALL_UNICAST] = first > MOST;
        modes[ALL_MULTICAST] = second > MOST;
        return true;
    }

    private static int entries(byte[] data, int at, int length) {
        if (at + 4 > length) {
            return -1;
        }
        long count = data[at] & 0xff | (data[at + 1] & 0xff) << 8 | (data[at + 2] & 0xff) << 16 | (data[at + 3] & 0xffL) << 24;
        return count * ADDRESS > length - at - 4 ? -1 : (int) count;
    }

    private static List<byte[]> table(byte[] data, int at, int count) {
        List<byte[]> table = new ArrayList<>();
        for (int i = 0; i < count && count <= MOST; i++) {
            table.add(Arrays.copyOfRange(data, at + i * ADDRESS, at + (i + 1) * ADDRESS));
        }
        return table;
    }

    boolean wants(byte[] frame) {
        if (modes[PROMISCUOUS]) {
            return true;
        }
        if ((frame[0] & 1) == 0) {
            return !modes[NO_UNICAST] && (modes[ALL_UNICAST] || equal(own, frame) || in(unicast, frame));
        }
        if ((frame[0] & frame[1] & frame[2] & frame[3] & frame[4] & frame[5]) == -1) {
            return !modes[NO_BROADCAST];
        }
        return !modes[NO_MULTICAST] && (modes[ALL_MULTICAST] || in(multicast, frame));
    }

    private static boolean in(List<byte[]> table, byte[] frame) {
        for (byte[] address : table) {
            if (equal(address, frame)) {
                return true;
            }
        }
        return false;
    }

    private static boolean equal(byte[] address, byte[] frame) {
        return Arrays.equals(address, 0, ADDRESS, frame, 0, ADDRESS);
    }

    void save(DataOutputStream out) throws IOException {
        for (boolean mode : modes) {
            out.writeBoolean(mode);
        }
        out.write(own);
        for (List<byte[]> table : List.of(unicast, multicast)) {
            out.writeByte(table.size());
            for (byte[] address : table) {
                out.write(address);
            }
        }
    }

    void load(DataInputStream in) throws IOException {
        for (int i = 0; i < MODES; i++) {
            modes[i] = in.readBoolean();
        }
        in.readFully(own);
        unicast = loadTable(in);
        multicast = loadTable(in);
    }

    private static List<byte[]> loadTable(DataInputStream in) throws IOException {
        int count = Math.min(in.readUnsignedByte(), MOST);
        byte[] all = new byte[count * ADDRESS];
        in.readFully(all);
        return table(all, 0, count);
    }
}
