package proteus.backend.net.wire;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import proteus.api.io.NetBackend;

/** The way to a card: keeps some of the frames that it has no room for and loses those beyond, as a switch does. */
public final class Cable {
    private static final int MOST_FRAMES = 256;

    private record Frame(byte[] bytes, int segment) {}

    private final Deque<Frame> waiting = new ArrayDeque<>();
    private NetBackend.Card card;

    /** Plugs a card in. */
    public void connect(NetBackend.Card plugged) {
        card = plugged;
    }

    /** Whether the card takes frames that stand for several. */
    public boolean large() {
        return card != null && card.large();
    }

    /** Whether nothing waits. */
    public boolean free() {
        return waiting.isEmpty();
    }

    /** Gives a frame to the card. */
    public void send(byte[] frame, int length, int segment) {
        if (segment != 0 && !large()) {
            Segments.cut(frame, length, segment, (piece, bytes) -> send(piece, bytes, 0));
        } else if (card != null && !(waiting.isEmpty() && card.receive(frame, length, segment)) && waiting.size() < MOST_FRAMES) {
            waiting.add(new Frame(Arrays.copyOf(frame, length), segment));
        }
    }

    /** Gives the card what waits, as far as it takes it. */
    public void room() {
        for (Frame next = waiting.peek(); next != null && card.receive(next.bytes, next.bytes.length, next.segment); next = waiting.peek()) {
            waiting.remove();
        }
    }
}
