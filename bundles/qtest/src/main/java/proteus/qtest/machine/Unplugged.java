package proteus.qtest.machine;

import java.util.HexFormat;
import proteus.api.io.NetBackend;
import proteus.qtest.arguments.UnsupportedException;

/** A network card without a cable, or whose cable leads to an empty hub: nothing is heard of what it sends. */
record Unplugged(byte[] address) implements NetBackend {
    /** The address QEMU gives to the first card. */
    private static final String FIRST = "52:54:00:12:34:56";

    private static final int BYTES = 6;

    /** @param mac as text; null for the usual one */
    static Unplugged of(String mac) {
        try {
            byte[] address = HexFormat.ofDelimiter(":").parseHex(mac == null ? FIRST : mac);
            if (address.length == BYTES) {
                return new Unplugged(address);
            }
        } catch (IllegalArgumentException e) {
            // said below
        }
        throw new UnsupportedException("'%s' is no address of a network card".formatted(mac));
    }

    @Override
    public void connect(Card card) {
        // Nobody will call it.
    }

    @Override
    public void transmit(byte[] frame, int length, int segment) {
        // Nobody hears it.
    }

    @Override
    public void room() {
        // Nothing waits.
    }

    @Override
    public boolean expecting() {
        return false;
    }

    @Override
    public void close() {
        // There is nothing to close.
    }
}
