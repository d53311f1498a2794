package proteus.vmm;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import proteus.api.io.Device;
import proteus.api.io.Keyboard;
import proteus.api.io.TextScreen;
import proteus.api.io.Timers;
import proteus.api.vm.VmException;

/**
 * Presses keys once a text is on the screen. It looks at instants of virtual time, so that under the count clock a run with
 * keys repeats. Used on the VM's thread.
 */
final class KeyTyping {
    /** How often the screen is looked at while keys wait. */
    private static final long LOOK_NANOS = 10_000_000;

    private record Wish(String after, Runnable keys) {}

    private final Optional<Keyboard> keyboard;
    private final Optional<TextScreen> screen;
    private final Timers timers;
    private final Timers.Timer timer;
    private final Deque<Wish> wishes = new ArrayDeque<>();

    KeyTyping(List<Device> devices, Timers timers) {
        this.keyboard = of(devices, Keyboard.class);
        this.screen = of(devices, TextScreen.class);
        this.timers = timers;
        this.timer = timers.create("keys after a text on the screen", this::look);
    }

    private static <T> Optional<T> of(List<Device> devices, Class<T> kind) {
        return devices.stream().filter(kind::isInstance).map(kind::cast).findFirst();
    }

    Optional<TextScreen> screen() {
        return screen;
    }

    void press(String after, String keys) {
        if (keyboard.isEmpty()) {
            throw new VmException("this machine has no keyboard");
        }
        if (!after.isEmpty() && screen.isEmpty()) {
            throw new VmException("this machine has no display on which '" + after + "' could appear");
        }
        try {
            wishes.add(new Wish(after, keyboard.get().typing(keys)));
        } catch (IllegalArgumentException e) {
            throw new VmException(e.getMessage(), e);
        }
        look();
    }

    private void look() {
        while (!wishes.isEmpty() && seen(wishes.peek().after)) {
            wishes.poll().keys.run();
        }
        if (!wishes.isEmpty()) {
            timer.arm(timers.now() + LOOK_NANOS);
        }
    }

    private boolean seen(String text) {
        return text.isEmpty() || screen.get().snapshot().text().contains(text);
    }
}
