package proteus.conform;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import proteus.api.silicon.ExecutionEngine;

/** Results for people and for programs. */
final class Report {
    private static final String ROW = "%4s %-16s %5s %6s %12s %12s %12s %10s %10s %10s %8s%n";

    private Report() {}

    static String text(List<FamilyResult> results, Options options) {
        StringBuilder text = new StringBuilder();
        for (FamilyResult result : results) {
            differences(text, result);
        }
        text.append(ROW.formatted("mode", "family", "instr", "forms", "cases", "translated", "agree", "undefined", "faults", "different", "seconds"));
        long cases = 0;
        long translated = 0;
        long agreements = 0;
        long undefined = 0;
        long faults = 0;
        long different = 0;
        double seconds = 0;
        for (FamilyResult r : results) {
            text.append(ROW.formatted(r.mode, r.family, r.instructions, r.forms, r.cases, r.translated, r.agreements, r.undefined, r.faults, r.differences,
                String.format(Locale.ROOT, "%.1f", r.seconds())));
            cases += r.cases;
            translated += r.translated;
            agreements += r.agreements;
            undefined += r.undefined;
            faults += r.faults;
            different += r.differences;
            seconds += r.seconds();
        }
        text.append(ROW.formatted("", "all", "", "", cases, translated, agreements, undefined, faults, different, String.format(Locale.ROOT, "%.1f", seconds)));
        for (FamilyResult r : results) {
            if (!r.missing.isEmpty()) {
                text.append("not tried in %s, since host or model lack them: %s%n".formatted(r.family, String.join(" ", r.missing)));
            }
        }
        text.append("%,d cases with seed %d: %,d agree, %,d have no defined result, %,d differ (%,.0f cases a second)%n".formatted(cases, options.seed(), agreements, undefined,
            different, cases / Math.max(seconds, 1e-9)));
        if (options.engine() == ExecutionEngine.NATIVE) {
            text.append("%,d cases were executed by translated code, %,d left it to a handler of the interpreter or have no translation%n".formatted(translated, cases - translated));
        }
        return text.toString();
    }

    private static void differences(StringBuilder text, FamilyResult result) {
        if (result.differences == 0) {
            return;
        }
        text.append("%s-bit %s: %d differences %s%n".formatted(result.mode, result.family, result.differences, result.byInstruction));
        for (Difference d : result.examples) {
            text.append("  %s   (%s)%n    %s: host 0x%x, model 0x%x%n%s".formatted(d.instruction(), d.bytes(), d.where(), d.host(), d.model(), d.states()));
        }
        text.append('\n');
    }

    static String json(List<FamilyResult> results, Options options, String host) {
        StringBuilder text = new StringBuilder("{\n  \"seed\": %d,\n  \"host\": %s,\n  \"families\": [".formatted(options.seed(), quoted(host)));
        String separator = "\n";
        for (FamilyResult r : results) {
            text.append(separator).append(("    {\"mode\": %s, \"family\": %s, \"instructions\": %d, \"forms\": %d, \"cases\": %d, \"translated\": %d, \"agreements\": %d, \"undefined\": %d, \"faults\": %d, "
                + "\"differences\": %d, \"seconds\": %s, \"byInstruction\": {").formatted(r.mode, quoted(r.family), r.instructions, r.forms, r.cases, r.translated, r.agreements, r.undefined,
                r.faults, r.differences, String.format(Locale.ROOT, "%.3f", r.seconds())));
            String comma = "";
            for (Map.Entry<String, Long> entry : r.byInstruction.entrySet()) {
                text.append(comma).append(quoted(entry.getKey())).append(": ").append(entry.getValue());
                comma = ", ";
            }
            text.append("}, \"examples\": [");
            comma = "";
            for (Difference d : r.examples) {
                text.append(comma).append("{\"instruction\": %s, \"bytes\": %s, \"where\": %s, \"host\": \"0x%x\", \"model\": \"0x%x\", \"states\": %s}".formatted(
                    quoted(d.instruction()), quoted(d.bytes()), quoted(d.where()), d.host(), d.model(), quoted(d.states())));
                comma = ", ";
            }
            text.append("]}");
            separator = ",\n";
        }
        return text.append("\n  ]\n}\n").toString();
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
    }
}
