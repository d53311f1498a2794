package proteus.backend.net;

import static org.junit.jupiter.api.Assertions.fail;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import proteus.api.event.EventCounters;
import proteus.api.io.Bus;
import proteus.api.io.DeviceContext;
import proteus.api.io.InterruptLine;
import proteus.api.io.Timers;
import proteus.api.memory.GuestMemory;
import proteus.tck.fake.FakePc;

/** A machine whose thread is the test's: what is posted waits until the test does it. */
public final class TestMachine implements DeviceContext {
    private static final int PATIENCE_SECONDS = 60;

    public final FakePc pc = new FakePc();
    private final BlockingQueue<Runnable> posted = new LinkedBlockingQueue<>();

    /** Does what is posted until a condition holds. */
    public void until(String what, BooleanSupplier condition) {
        try {
            while (!condition.getAsBoolean()) {
                Runnable next = posted.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
                if (next == null) {
                    fail("nothing comes any more, and this has not come: " + what);
                }
                next.run();
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Does what is posted already. */
    public void settle() {
        for (Runnable next = posted.poll(); next != null; next = posted.poll()) {
            next.run();
        }
    }

    @Override
    public void post(Runnable action) {
        posted.add(action);
    }

    @Override
    public Timers timers() {
        return pc;
    }

    @Override
    public Bus ports() {
        return pc.ports;
    }

    @Override
    public Bus mmio() {
        return pc.mmio;
    }

    @Override
    public GuestMemory memory() {
        return pc.ram;
    }

    @Override
    public InterruptLine interrupt(int gsi) {
        return pc.interrupt(gsi);
    }

    @Override
    public EventCounters counters() {
        return pc.counters();
    }
}
