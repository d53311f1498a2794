package proteus.vmm;

import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import proteus.api.vm.VmException;

/**
 * The one thread that owns a VM: its processor, memory technique, board and devices. Others hand it work; it does it
 * between two instructions. There are no locks: a poster puts work in the queue and then either kicks the guest out or
 * wakes the thread, whichever the thread said last that it is doing.
 */
final class VmThread {
    /** What the thread does when no work waits; it returns whether it wants to be called again at once. */
    interface Turn {
        boolean take();
    }

    private final Queue<Runnable> work = new ConcurrentLinkedQueue<>();
    private final Runnable kick;
    private final Turn turn;
    private final Thread thread;
    private volatile boolean inGuest;
    private volatile boolean over;

    /** @param kick makes the processor come out of the guest soon */
    VmThread(String name, Runnable kick, Turn turn) {
        this.kick = kick;
        this.turn = turn;
        this.thread = Thread.ofPlatform().daemon(true).name("vm " + name).unstarted(this::loop);
    }

    void start() {
        thread.start();
    }

    boolean isCurrent() {
        return Thread.currentThread() == thread;
    }

    long id() {
        return thread.threadId();
    }

    private void loop() {
        while (!over) {
            doWork();
            if (!over && !turn.take() && work.isEmpty()) {
                LockSupport.park(this);
            }
        }
        doWork();
    }

    /** Does what waits. Failures belong to who asked and never end the thread. */
    void doWork() {
        for (Runnable next = work.poll(); next != null; next = work.poll()) {
            next.run();
        }
    }

    boolean workWaits() {
        return !work.isEmpty();
    }

    /** Any thread. */
    void post(Runnable action) {
        work.add(action);
        if (!isCurrent()) {
            if (inGuest) {
                kick.run();
            }
            LockSupport.unpark(thread);
        }
    }

    /** Runs on the VM's thread and waits for the result. */
    <T> T call(Supplier<T> action) {
        if (isCurrent()) {
            return action.get();
        }
        if (over) {
            throw new VmException("this VM is closed");
        }
        CompletableFuture<T> result = new CompletableFuture<>();
        post(() -> {
            try {
                result.complete(action.get());
            } catch (RuntimeException | Error e) {
                result.completeExceptionally(e);
            }
        });
        try {
            return result.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new VmException("interrupted while waiting for the VM", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new VmException("the VM failed: " + e.getCause(), e.getCause());
        }
    }

    /** Runs the guest unless work came in; false if it did. */
    boolean enterGuest(Runnable run) {
        inGuest = true;
        try {
            if (workWaits()) {
                return false;
            }
            run.run();
            return true;
        } finally {
            inGuest = false;
        }
    }

    /** Sleeps until work comes or the time is over. */
    void idle(long nanos) {
        if (!workWaits()) {
            if (nanos == Long.MAX_VALUE) {
                LockSupport.park(this);
            } else if (nanos > 0) {
                LockSupport.parkNanos(this, nanos);
            }
        }
    }

    /** On the VM's thread: no further turns. */
    void end() {
        over = true;
    }
}
