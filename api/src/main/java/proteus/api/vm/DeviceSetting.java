package proteus.api.vm;

import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import proteus.api.io.NetSetting;
import proteus.api.io.Transport;

/**
 * How devices are attached, who does their work, and which there are besides the usual ones.
 *
 * @param transport of paravirtual devices
 * @param host where the work of devices is done
 * @param networks network cards
 */
public record DeviceSetting(Transport transport, Host host, List<NetSetting> networks) {
    /** What nobody asked to be otherwise. */
    public static final DeviceSetting DEFAULT = new DeviceSetting(Transport.PCI, Host.NATIVE);

    public DeviceSetting {
        Objects.requireNonNull(transport);
        Objects.requireNonNull(host);
        networks = List.copyOf(networks);
    }

    /** Without network cards. */
    public DeviceSetting(Transport transport, Host host) {
        this(transport, host, List.of());
    }

    /** With other network cards. */
    public DeviceSetting with(List<NetSetting> cards) {
        return new DeviceSetting(transport, host, cards);
    }

    /**
     * From the words of users.
     *
     * @throws VmException with one sentence
     */
    public static DeviceSetting of(String transport, String host) {
        return new DeviceSetting(word(Transport.class, "transport", transport), word(Host.class, "host", host));
    }

    private static <E extends Enum<E>> E word(Class<E> type, String what, String word) {
        for (E value : type.getEnumConstants()) {
            if (value.name().equals(word.toUpperCase(Locale.ROOT))) {
                return value;
            }
        }
        String words = Stream.of(type.getEnumConstants()).map(value -> value.name().toLowerCase(Locale.ROOT)).collect(Collectors.joining(" or "));
        throw new VmException("'%s' is no %s of devices: give %s".formatted(word, what, words));
    }

    /** The two kinds of hypervisors by what is below them (Goldberg 1973: type I and type II). */
    public enum Host {
        /** The VMM drives the hardware itself: the work of devices is done where the exit is handled. */
        NATIVE,
        /** A host operating system drives it: for each access to a device of the user level the whole world is switched, and a process works. */
        HOSTED
    }
}
