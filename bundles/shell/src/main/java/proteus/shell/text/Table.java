package proteus.shell.text;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Rows under named columns: aligned text for people (numbers to the right), or JSON objects. */
public final class Table {
    private final String[] columns;
    private final List<Object[]> rows = new ArrayList<>();

    public Table(String... columns) {
        this.columns = columns.clone();
    }

    public Table row(Object... cells) {
        if (cells.length != columns.length) {
            throw new IllegalArgumentException("a row of " + cells.length + " cells under " + columns.length + " columns");
        }
        rows.add(cells.clone());
        return this;
    }

    public boolean isEmpty() {
        return rows.isEmpty();
    }

    /** Text without a line end behind it. */
    public String text() {
        int[] widths = new int[columns.length];
        for (int i = 0; i < columns.length; i++) {
            widths[i] = columns[i].length();
            for (Object[] row : rows) {
                widths[i] = Math.max(widths[i], shown(row[i]).length());
            }
        }
        List<String> lines = new ArrayList<>();
        lines.add(line(columns, widths));
        rows.forEach(row -> lines.add(line(row, widths)));
        return String.join("\n", lines);
    }

    private String line(Object[] cells, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < cells.length; i++) {
            String cell = shown(cells[i]);
            String gap = " ".repeat(widths[i] - cell.length());
            line.append(i == 0 ? "" : "  ").append(right(i) ? gap + cell : cell + gap);
        }
        return line.toString().stripTrailing();
    }

    private boolean right(int column) {
        return rows.stream().anyMatch(row -> row[column] instanceof Number)
                && rows.stream().allMatch(row -> row[column] instanceof Number || "".equals(row[column]));
    }

    private static String shown(Object cell) {
        return switch (cell) {
            case Long number -> Quantities.grouped(number);
            case Integer number -> Quantities.grouped(number);
            case Double number -> Quantities.decimal(number);
            case Boolean truth -> truth ? "yes" : "no";
            default -> String.valueOf(cell);
        };
    }

    public String json() {
        return Json.of(rows());
    }

    /** The rows as maps from column to cell. */
    public List<Map<String, Object>> rows() {
        List<Map<String, Object>> all = new ArrayList<>();
        for (Object[] row : rows) {
            Map<String, Object> object = new LinkedHashMap<>();
            for (int i = 0; i < columns.length; i++) {
                object.put(columns[i], row[i]);
            }
            all.add(object);
        }
        return all;
    }
}
