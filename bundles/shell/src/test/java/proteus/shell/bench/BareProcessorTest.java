package proteus.shell.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import proteus.shell.guests.KitRun;

final class BareProcessorTest {
    @Test
    void loopsAreThoseOfTheProgramAndItsTableIsUnderstood() throws Exception {
        try (WorkDirectory work = new WorkDirectory()) {
            BareProcessor processor = new BareProcessor(work);
            Optional<String> absence = processor.absence();
            if (absence.isPresent() || !processor.suits(new Loop(64, "fib", Loop.Kind.COMPUTING))) {
                String reason = absence.orElse("this host runs no 64-bit programs");
                System.err.println("BareProcessorTest skipped: " + reason);
                Assumptions.abort(reason);
            }
            Path program = work.path().resolve("bench64.host");
            Child all = Child.run(List.of(program.toString()), work.path(), Duration.ofMinutes(5));
            assertEquals(0, all.status(), all::output);
            List<String> names = Stream.concat(Loop.ofKit(64).stream().filter(loop -> loop.kind() == Loop.Kind.COMPUTING), Loop.ofLinux(64).stream())
                    .map(Loop::name)
                    .toList();
            assertEquals(names, KitRun.rows(all.output()).stream().map(row -> row[0]).toList());

            Sample twice = processor.run(new Loop(64, "sieve", Loop.Kind.COMPUTING), 2);
            assertEquals(20, twice.iterations());
            assertTrue(twice.cpuNanos() > 0);
            assertEquals(8, twice.checksum().length());
        }
    }
}
