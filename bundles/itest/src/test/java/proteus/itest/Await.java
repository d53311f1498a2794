package proteus.itest;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** Waits for what the framework does on threads of its own. */
final class Await {
    private Await() {}

    static <T> T value(Supplier<Optional<T>> question, Duration timeout) {
        long end = System.nanoTime() + timeout.toNanos();
        while (true) {
            Optional<T> answer = question.get();
            if (answer.isPresent()) {
                return answer.get();
            }
            if (System.nanoTime() > end) {
                throw new AssertionError("nothing came within " + timeout);
            }
            LockSupport.parkNanos(5_000_000);
        }
    }
}
