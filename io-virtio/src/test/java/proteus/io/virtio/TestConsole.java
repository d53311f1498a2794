package proteus.io.virtio;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import proteus.api.io.CharacterBackend;

/** The far end of a console. */
public final class TestConsole implements CharacterBackend {
    public final StringBuilder printed = new StringBuilder();
    private final Deque<Integer> typed = new ArrayDeque<>();
    private Runnable listener = () -> {};

    public void type(String text) {
        for (byte one : text.getBytes(StandardCharsets.US_ASCII)) {
            typed.add((int) one);
        }
        listener.run();
    }

    public int waiting() {
        return typed.size();
    }

    @Override
    public void output(int value) {
        printed.append((char) value);
    }

    @Override
    public int input() {
        return typed.isEmpty() ? -1 : typed.poll();
    }

    @Override
    public boolean inputAvailable() {
        return !typed.isEmpty();
    }

    @Override
    public void onInput(Runnable action) {
        listener = action;
    }
}
