package proteus.io.emul.net;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import proteus.api.io.NetBackend;

/** The far end of a card's cable: keeps what comes, and gives what the test gives. */
final class TestNetwork implements NetBackend {
    static final byte[] CARD = {0x52, 0x54, 0, 0x12, 0x34, 0x56};

    final List<byte[]> sent = new ArrayList<>();
    int segment;
    int asked;
    private Card card;

    @Override
    public byte[] address() {
        return CARD.clone();
    }

    @Override
    public void connect(Card plugged) {
        card = plugged;
    }

    @Override
    public void transmit(byte[] frame, int length, int pieces) {
        sent.add(Arrays.copyOf(frame, length));
        segment = pieces;
    }

    boolean give(byte[] frame) {
        return card.receive(frame, frame.length, 0);
    }

    /** A frame for the card. */
    static byte[] frame(int bytes, int value) {
        byte[] frame = new byte[bytes];
        Arrays.fill(frame, 14, bytes, (byte) value);
        System.arraycopy(CARD, 0, frame, 0, 6);
        return frame;
    }

    @Override
    public void room() {
        asked++;
    }

    @Override
    public boolean expecting() {
        return false;
    }

    @Override
    public void close() {}
}
