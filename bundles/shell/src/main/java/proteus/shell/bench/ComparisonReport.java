package proteus.shell.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import proteus.shell.bench.Comparison.Measured;
import proteus.shell.text.Table;

/** What a comparison found: a table for people, a tree for JSON. Ratios are the other's time by ours: above 1 we are faster. */
final class ComparisonReport {
    private static final double NANOS_PER_MICRO = 1000;

    private final List<Contender> contenders;
    private final Map<String, String> absent;
    private final Map<Loop, Map<String, Measured>> measured;

    /**
     * @param contenders who took part, ours first
     * @param absent who could not, and why
     */
    ComparisonReport(List<Contender> contenders, Map<String, String> absent, Map<Loop, Map<String, Measured>> measured) {
        this.contenders = contenders;
        this.absent = absent;
        this.measured = measured;
    }

    private record Pair(Contender ours, Contender other) {
        String name() {
            return ours.name() + ":" + other.name();
        }
    }

    private List<Pair> pairs() {
        List<Pair> pairs = new ArrayList<>();
        for (Contender ours : contenders) {
            for (Contender other : contenders) {
                if (ours.ours() && !other.ours()) {
                    pairs.add(new Pair(ours, other));
                }
            }
        }
        return pairs;
    }

    private Double ratio(Map<String, Measured> row, Pair pair) {
        Measured ours = row.get(pair.ours.name());
        Measured other = row.get(pair.other.name());
        return ours == null || other == null ? null : other.nanosEach() / ours.nanosEach();
    }

    private List<Double> ratios(int bits, Pair pair) {
        return measured.entrySet().stream()
                .filter(entry -> entry.getKey().bits() == bits)
                .map(entry -> ratio(entry.getValue(), pair))
                .filter(java.util.Objects::nonNull)
                .toList();
    }

    private TreeSet<Integer> widths() {
        TreeSet<Integer> widths = new TreeSet<>();
        measured.keySet().forEach(loop -> widths.add(loop.bits()));
        return widths;
    }

    Table table() {
        List<String> columns = new ArrayList<>(List.of("bits", "loop"));
        contenders.forEach(contender -> columns.add(contender.name() + " us"));
        contenders.stream().filter(Contender::ours).forEach(contender -> columns.add(contender.name() + " MIPS"));
        pairs().forEach(pair -> columns.add(pair.name()));
        Table table = new Table(columns.toArray(String[]::new));
        measured.forEach((loop, row) -> {
            List<Object> cells = new ArrayList<>(List.of(loop.bits(), loop.name()));
            for (Contender contender : contenders) {
                Measured one = row.get(contender.name());
                cells.add(one == null ? "" : shown(one.nanosEach() / NANOS_PER_MICRO));
            }
            for (Contender contender : contenders) {
                if (contender.ours()) {
                    Measured one = row.get(contender.name());
                    cells.add(one == null ? "" : shown(mips(one)));
                }
            }
            pairs().forEach(pair -> cells.add(shown(ratio(row, pair))));
            table.row(cells.toArray());
        });
        for (int bits : widths()) {
            List<Object> means = new ArrayList<>(List.of(bits, "geometric mean"));
            List<Object> worst = new ArrayList<>(List.of(bits, "smallest"));
            for (int i = 2; i < columns.size() - pairs().size(); i++) {
                means.add("");
                worst.add("");
            }
            for (Pair pair : pairs()) {
                List<Double> ratios = ratios(bits, pair);
                means.add(ratios.isEmpty() ? "" : shown(Statistics.geometricMean(ratios)));
                worst.add(ratios.isEmpty() ? "" : shown(ratios.stream().min(Double::compare).orElseThrow()));
            }
            table.row(means.toArray());
            table.row(worst.toArray());
        }
        return table;
    }

    Map<String, Object> tree() {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("contenders", contenders.stream().map(Contender::name).toList());
        tree.put("absent", absent);
        tree.put("loops", measured.entrySet().stream().map(entry -> row(entry.getKey(), entry.getValue())).toList());
        Map<String, Object> means = new LinkedHashMap<>();
        for (int bits : widths()) {
            Map<String, Object> of = new LinkedHashMap<>();
            for (Pair pair : pairs()) {
                List<Double> ratios = ratios(bits, pair);
                if (!ratios.isEmpty()) {
                    of.put(pair.name(), Statistics.geometricMean(ratios));
                }
            }
            means.put(Integer.toString(bits), of);
        }
        tree.put("geometricMeans", means);
        return tree;
    }

    private Map<String, Object> row(Loop loop, Map<String, Measured> here) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("bits", loop.bits());
        row.put("loop", loop.name());
        Map<String, Object> times = new LinkedHashMap<>();
        here.forEach((name, one) -> {
            Map<String, Object> time = new LinkedHashMap<>();
            time.put("nanosPerIteration", one.nanosEach());
            time.put("iterations", one.samples().getFirst().iterations());
            time.put("samples", one.samples().stream().map(Sample::nanosEach).toList());
            if (one.instructionsEach() > 0) {
                time.put("instructionsPerIteration", one.instructionsEach());
                time.put("mips", mips(one));
            }
            times.put(name, time);
        });
        row.put("contenders", times);
        Map<String, Object> ratios = new LinkedHashMap<>();
        pairs().forEach(pair -> {
            Double ratio = ratio(here, pair);
            if (ratio != null) {
                ratios.put(pair.name(), ratio);
            }
        });
        row.put("ratios", ratios);
        return row;
    }

    private static double mips(Measured one) {
        return one.instructionsEach() * 1000 / one.nanosEach();
    }

    /** An empty cell for what is not known. */
    private static Object shown(Double value) {
        return value == null ? "" : Shown.threeDigits(value);
    }
}
