package proteus.api.io;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.StringJoiner;

/**
 * A network card that is wished for.
 *
 * @param kind what is at the other end
 * @param hub name of the hub, empty for the other kinds
 * @param model of the card, as QEMU names it: {@code e1000}, {@code ne2k_isa}, {@code virtio}; empty for what the I/O technique likes
 * @param address of the card as {@code 52:54:00:12:34:56}, empty for one that follows from the VM's name
 * @param forwards ports of the host that lead to ports of the guest
 * @param pcap file for all frames, empty for none
 */
public record NetSetting(Kind kind, String hub, String model, String address, List<Forward> forwards, String pcap) {
    private static final int BYTES = 6;

    public NetSetting {
        Objects.requireNonNull(kind);
        Objects.requireNonNull(hub);
        Objects.requireNonNull(model);
        Objects.requireNonNull(address);
        Objects.requireNonNull(pcap);
        forwards = List.copyOf(forwards);
    }

    /** What a card may be connected to. */
    public enum Kind {
        /** A network of its own with a gateway that has the guest's connections made by sockets of the host. */
        USER,
        /** A hub that connects machines of this process. */
        HUB
    }

    /**
     * A port of the host that leads to one of the guest.
     *
     * @param udp UDP, otherwise TCP
     * @param host address to listen at, empty for the loopback address
     * @param hostPort of the host, 0 for any free one
     * @param guest address of the guest, empty for the one that DHCP gives
     * @param guestPort of the guest
     */
    public record Forward(boolean udp, String host, int hostPort, String guest, int guestPort) {
        /**
         * From QEMU's notation {@code tcp:[HOST]:PORT-[GUEST]:PORT}.
         *
         * @throws IllegalArgumentException with one sentence
         */
        static Forward parse(String text) {
            String[] ends = text.split("-", -1);
            String[] from = ends[0].split(":", -1);
            String[] to = ends.length == 2 ? ends[1].split(":", -1) : new String[0];
            if (from.length != 3 || to.length != 2 || !from[0].equals("tcp") && !from[0].equals("udp")) {
                throw new IllegalArgumentException("hostfwd=%s will not do: give tcp:[HOST]:PORT-[GUEST]:PORT, or udp: likewise".formatted(text));
            }
            return new Forward(from[0].equals("udp"), from[1], port(text, from[2], 0), to[0], port(text, to[1], 1));
        }

        private static int port(String text, String number, int least) {
            try {
                int port = Integer.parseInt(number);
                if (port >= least && port <= 0xffff) {
                    return port;
                }
            } catch (NumberFormatException e) {
                // said below
            }
            throw new IllegalArgumentException("hostfwd=%s will not do: '%s' is no port".formatted(text, number));
        }

        @Override
        public String toString() {
            return "%s:%s:%d-%s:%d".formatted(udp ? "udp" : "tcp", host, hostPort, guest, guestPort);
        }
    }

    /**
     * From the words of users: {@code none}, or {@code user} or {@code hub=NAME} and options behind commas.
     *
     * @return the card, or nothing for {@code none}
     * @throws IllegalArgumentException with one sentence
     */
    public static List<NetSetting> parse(String text) {
        String[] words = text.split(",", -1);
        if (text.equals("none")) {
            return List.of();
        }
        Kind kind;
        String hub = "";
        if (words[0].equals("user")) {
            kind = Kind.USER;
        } else if (words[0].startsWith("hub=") && words[0].length() > 4) {
            kind = Kind.HUB;
            hub = words[0].substring(4);
        } else {
            throw new IllegalArgumentException("--net %s will not do: it begins with user, hub=NAME or none".formatted(text));
        }
        String model = "";
        String address = "";
        String pcap = "";
        List<Forward> forwards = new ArrayList<>();
        for (int i = 1; i < words.length; i++) {
            int equals = words[i].indexOf('=');
            String value = words[i].substring(equals + 1);
            switch (equals < 0 || value.isEmpty() ? "" : words[i].substring(0, equals)) {
                case "model" -> model = value;
                case "mac" -> {
                    address = value;
                    bytes(value);
                }
                case "pcap" -> pcap = value;
                case "hostfwd" -> {
                    if (kind != Kind.USER) {
                        throw new IllegalArgumentException("hostfwd goes with --net user: a hub does not lead to the host");
                    }
                    forwards.add(Forward.parse(value));
                }
                default -> throw new IllegalArgumentException(
                        "'%s' is no option of --net: there are model, mac, pcap and hostfwd, each with = and a value".formatted(words[i]));
            }
        }
        return List.of(new NetSetting(kind, hub, model, address, forwards, pcap));
    }

    /** The six bytes of an address in words. */
    private static byte[] bytes(String address) {
        try {
            byte[] bytes = HexFormat.ofDelimiter(":").parseHex(address);
            if (bytes.length == BYTES && (bytes[0] & 1) == 0) {
                return bytes;
            }
        } catch (IllegalArgumentException e) {
            // said below
        }
        throw new IllegalArgumentException("mac=%s will not do: give six bytes such as 52:54:00:12:34:56, the first of them even".formatted(address));
    }

    /** The wished address. */
    public Optional<byte[]> addressBytes() {
        return address.isEmpty() ? Optional.empty() : Optional.of(bytes(address));
    }

    /** What {@link #parse} reads. */
    @Override
    public String toString() {
        StringJoiner words = new StringJoiner(",").add(kind == Kind.USER ? "user" : "hub=" + hub);
        if (!model.isEmpty()) {
            words.add("model=" + model);
        }
        if (!address.isEmpty()) {
            words.add("mac=" + address);
        }
        forwards.forEach(forward -> words.add("hostfwd=" + forward));
        if (!pcap.isEmpty()) {
            words.add("pcap=" + pcap);
        }
        return words.toString();
    }
}
