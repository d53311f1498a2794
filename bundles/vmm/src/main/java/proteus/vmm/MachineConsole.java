package proteus.vmm;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import proteus.api.io.CharacterBackend;
import proteus.api.vm.VmConsole;

/**
 * The console of one VM: the far end of its serial line, and what people and tests see of it. Output and input of the
 * serial line happen on the VM's thread; everything else may come from any thread. One lock, never held while calling out.
 */
final class MachineConsole implements VmConsole, CharacterBackend {
    private static final int KEPT = 1 << 20;
    private static final int CHUNK = 4096;

    private final Consumer<Runnable> post;
    private final Consumer<String> stop;
    private final Object lock = new Object();
    private final byte[] ring = new byte[KEPT];
    /** Bytes ever printed. */
    private long printed;
    /** Triggers match only what is printed from here on. */
    private long matchFrom;

    private final Deque<Byte> input = new ArrayDeque<>();
    private final Deque<Trigger> triggers = new ArrayDeque<>();
    private final List<byte[]> stops = new ArrayList<>();
    private final List<Consumer<String>> listeners = new CopyOnWriteArrayList<>();
    private final List<Runnable> inputListeners = new CopyOnWriteArrayList<>();
    private final StringBuilder chunk = new StringBuilder();

    /**
     * @param post runs an action on the VM's thread
     * @param stop ends the run because this text was printed; called on the VM's thread
     */
    MachineConsole(Consumer<Runnable> post, Consumer<String> stop) {
        this.post = post;
        this.stop = stop;
    }

    // --- the guest's side, on the VM's thread

    @Override
    public void output(int value) {
        byte[] typed = null;
        byte[] stopped = null;
        synchronized (lock) {
            ring[(int) (printed++ % KEPT)] = (byte) value;
            Trigger first = triggers.peek();
            if (first != null && first.texts.stream().anyMatch(this::endsWith)) {
                triggers.remove();
                matchFrom = printed;
                typed = first.answer;
                enqueue(typed);
            }
            for (byte[] text : stops) {
                if (endsWithAnywhere(text)) {
                    stopped = text;
                }
            }
        }
        chunk.append((char) (value & 0xff));
        if (value == '\n' || chunk.length() >= CHUNK) {
            flush();
        }
        if (typed != null) {
            // Not from within the device's own write: posted, it happens right behind this instruction.
            post.accept(this::announceInput);
        }
        if (stopped != null) {
            stop.accept(latin1(stopped));
        }
    }

    /** What was printed before this VM took the guest over; nobody is told. */
    void printed(byte[] text) {
        synchronized (lock) {
            for (byte value : text) {
                ring[(int) (printed++ % KEPT)] = value;
            }
            matchFrom = printed;
        }
    }

    /** Hands what listeners have not seen yet to them. */
    void flush() {
        if (!chunk.isEmpty()) {
            String text = chunk.toString();
            chunk.setLength(0);
            for (Consumer<String> listener : listeners) {
                listener.accept(text);
            }
        }
    }

    @Override
    public int input() {
        synchronized (lock) {
            Byte next = input.poll();
            return next == null ? -1 : next & 0xff;
        }
    }

    @Override
    public boolean inputAvailable() {
        synchronized (lock) {
            return !input.isEmpty();
        }
    }

    @Override
    public void onInput(Runnable listener) {
        inputListeners.add(listener);
    }

    private void announceInput() {
        inputListeners.forEach(Runnable::run);
    }

    /** Whether the output ends with a text that began after the last trigger. */
    private boolean endsWith(byte[] text) {
        return printed - text.length >= matchFrom && endsWithAnywhere(text);
    }

    private boolean endsWithAnywhere(byte[] text) {
        if (printed < text.length) {
            return false;
        }
        for (int i = 1; i <= text.length; i++) {
            if (ring[(int) ((printed - i) % KEPT)] != text[text.length - i]) {
                return false;
            }
        }
        return true;
    }

    // --- the people's side

    @Override
    public String text() {
        synchronized (lock) {
            int length = (int) Math.min(printed, KEPT);
            byte[] bytes = new byte[length];
            for (int i = 0; i < length; i++) {
                bytes[i] = ring[(int) ((printed - length + i) % KEPT)];
            }
            return latin1(bytes);
        }
    }

    /** The last lines that are not blank, for messages. */
    String lastLines(int count) {
        List<String> lines = text().lines().filter(line -> !line.isBlank()).toList();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - count), lines.size()));
    }

    @Override
    public void type(String text) {
        synchronized (lock) {
            enqueue(bytes(text));
        }
        post.accept(this::announceInput);
    }

    private void enqueue(byte[] bytes) {
        for (byte value : bytes) {
            input.add(value);
        }
    }

    @Override
    public void typeAfter(String trigger, String text) {
        typeAfterAny(List.of(trigger), text);
    }

    @Override
    public void typeAfterAny(List<String> texts, String text) {
        synchronized (lock) {
            triggers.add(new Trigger(texts.stream().map(MachineConsole::bytes).filter(bytes -> bytes.length > 0).toList(), bytes(text)));
        }
    }

    @Override
    public AutoCloseable subscribe(Consumer<String> listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    @Override
    public void stopAfter(String text) {
        synchronized (lock) {
            if (!text.isEmpty()) {
                stops.add(bytes(text));
            }
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String latin1(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private record Trigger(List<byte[]> texts, byte[] answer) {}
}
