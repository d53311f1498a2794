package proteus.api.io;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * What a network card's cable is plugged into. Used on the VM's thread only. Frames are Ethernet from the destination address to the
 * payload's end, without the check sequence; nobody keeps the array of another.
 */
@ConsumerType
public interface NetBackend extends AutoCloseable {
    /** The longest frame that is not to be cut: header, VLAN tag and 1500 bytes. */
    int LONGEST = 1518;
    /** The longest frame at all: header and an IP packet of the largest size. */
    int LONGEST_LARGE = 18 + 0xffff;

    /** The address the card is born with: six bytes, unicast. */
    byte[] address();

    /** Plugs the card in. */
    void connect(Card card);

    /**
     * A frame from the card.
     *
     * @param segment 0 for a frame as it is; otherwise the frame is a TCP segment over IP, too large to be sent: it stands for frames with so
     *     many bytes of data each, and its lengths and checksums are still to be filled in
     */
    void transmit(byte[] frame, int length, int segment);

    /** The card has room again, after it had refused a frame. */
    void room();

    /** Whether something may still come from outside the machine: then the guest's idle time passes at the host's pace under either clock. */
    boolean expecting();

    @Override
    void close();

    /** A network card. */
    @ConsumerType
    interface Card {
        /**
         * A frame for the card.
         *
         * @param segment as for {@link NetBackend#transmit}, only if the card is {@link #large}
         * @return whether it was taken, or is not for this card; false: there is no room now
         */
        boolean receive(byte[] frame, int length, int segment);

        /** Whether it takes frames that stand for several. */
        boolean large();
    }
}
