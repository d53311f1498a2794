package proteus.qtest;

import java.util.ArrayDeque;
import java.util.Deque;
import proteus.api.io.CharacterBackend;
import proteus.qtest.wire.Connection;

/** A serial line whose far end is a socket. */
final class SocketCharacters implements CharacterBackend {
    private final Connection connection;
    private final Deque<Byte> input = new ArrayDeque<>();
    private Runnable listener = () -> { };

    SocketCharacters(Connection connection) {
        this.connection = connection;
        connection.receiver(this::received);
    }

    private void received(byte[] bytes) {
        for (byte value : bytes) {
            input.add(value);
        }
        listener.run();
    }

    @Override
    public void output(int value) {
        connection.send(new byte[] {(byte) value});
    }

    @Override
    public int input() {
        return input.isEmpty() ? -1 : input.remove() & 0xff;
    }

    @Override
    public boolean inputAvailable() {
        return !input.isEmpty();
    }

    @Override
    public void onInput(Runnable told) {
        listener = told;
    }
}
