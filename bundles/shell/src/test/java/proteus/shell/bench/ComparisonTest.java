package proteus.shell.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import proteus.api.vm.VmException;
import proteus.shell.text.Json;

final class ComparisonTest {
    private static final Loop CRC = new Loop(64, "crc32", Loop.Kind.COMPUTING);
    private static final Loop FAULTS = new Loop(64, "pgfault", Loop.Kind.BARE);

    private final List<String> said = new ArrayList<>();
    private final List<String> order = new ArrayList<>();

    /** Takes so many nanoseconds an iteration, a little more each time; ten iterations at scale 1. */
    private final class Fake implements Contender {
        private final String name;
        private final boolean ours;
        private final long nanosEach;
        private final String checksum;
        private int runs;

        Fake(String name, boolean ours, long nanosEach, String checksum) {
            this.name = name;
            this.ours = ours;
            this.nanosEach = nanosEach;
            this.checksum = checksum;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public boolean ours() {
            return ours;
        }

        @Override
        public Optional<String> absence() {
            return Optional.empty();
        }

        @Override
        public boolean suits(Loop loop) {
            return ours || loop.kind() == Loop.Kind.COMPUTING;
        }

        @Override
        public Sample run(Loop loop, int scale) {
            if (nanosEach < 0 || (name.equals("tires") && scale > 1)) {
                throw new VmException(name + " cannot");
            }
            order.add(name + " " + loop.name());
            long iterations = 10L * scale;
            return new Sample(iterations, iterations * (nanosEach + runs++), ours ? iterations * 50 : 0, checksum);
        }
    }

    @Test
    void scaleMakesALoopLastTheWhileAndNoLonger() {
        assertEquals(1, Comparison.scale(5_000_000_000L));
        assertEquals(4, Comparison.scale(100_000_000));
        assertEquals(1000, Comparison.scale(10));
    }

    @Test
    void roundsGoThroughAllContendersLoopByLoop() throws InterruptedException {
        new Comparison(List.of(new Fake("a", true, 1000, "x"), new Fake("b", false, 1000, "x")), 2, said::add).of(List.of(CRC, FAULTS));
        List<String> calibration = List.of("a crc32", "b crc32", "a pgfault");
        assertEquals(calibration, order.subList(0, 3));
        assertEquals(calibration, order.subList(3, 6));
        assertEquals(calibration, order.subList(6, 9));
        assertEquals(9, order.size());
    }

    @Test
    void medianOfTheRoundsIsWhatCounts() throws InterruptedException {
        Map<String, Comparison.Measured> row =
                new Comparison(List.of(new Fake("a", true, 1000, "x")), 3, said::add).of(List.of(CRC)).get(CRC);
        assertEquals(1002, row.get("a").nanosEach()); // 1001, 1002 and 1003, behind the calibration
        assertEquals(50, row.get("a").instructionsEach());
    }

    @Test
    void contenderWithAnotherAnswerOrAFailureIsNamedAndLeftOut() throws InterruptedException {
        List<Contender> contenders =
                List.of(new Fake("a", true, 1000, "x"), new Fake("wrong", false, 1000, "y"), new Fake("broken", false, -1, "x"));
        Map<String, Comparison.Measured> row = new Comparison(contenders, 1, said::add).of(List.of(CRC)).get(CRC);
        assertEquals(List.of("a"), List.copyOf(row.keySet()));
        assertTrue(said.getFirst().startsWith("wrong gives another checksum for crc32"), said::toString);
        assertEquals("broken cannot", said.get(1));
    }

    @Test
    void contenderThatFailsLaterIsLeftOutOfThatLoop() throws InterruptedException {
        List<Contender> contenders = List.of(new Fake("a", true, 1000, "x"), new Fake("tires", false, 1000, "x"));
        Map<String, Comparison.Measured> row = new Comparison(contenders, 2, said::add).of(List.of(CRC)).get(CRC);
        assertEquals(List.of("a"), List.copyOf(row.keySet()));
        assertEquals(1, said.stream().filter("tires cannot"::equals).count());
    }

    @Test
    void tableAndTreeHaveTheOthersTimeByOurs() throws InterruptedException {
        List<Contender> contenders = List.of(new Fake("a", true, 1_000_000, "x"), new Fake("b", false, 3_000_000, "x"));
        ComparisonReport report = new ComparisonReport(
                contenders, Map.of("bochs", "bochs is not installed"), new Comparison(contenders, 1, said::add).of(List.of(CRC, FAULTS)));
        List<String> lines = report.table().text().lines().map(line -> line.strip().replaceAll(" +", " ")).toList();
        assertEquals("bits loop a us b us a MIPS a:b", lines.getFirst());
        assertEquals("64 crc32 1000 3000 0.0500 3.00", lines.get(1));
        assertEquals("64 pgfault 1000 0.0500", lines.get(2));
        assertEquals("64 geometric mean 3.00", lines.get(3));
        assertEquals("64 smallest 3.00", lines.get(4));
        String json = Json.of(report.tree());
        assertTrue(json.contains("\"bochs\": \"bochs is not installed\""), json);
        assertTrue(json.contains("\"instructionsPerIteration\": 50.0"), json);
        assertFalse(json.contains("NaN"), json);
    }
}
