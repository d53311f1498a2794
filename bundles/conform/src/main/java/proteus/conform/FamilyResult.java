package proteus.conform;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.Map;

/** What came of a family. */
final class FamilyResult {
    /** So many differences of one instruction are kept with their states. */
    static final int EXAMPLES = 3;

    final String mode, family;
    final int instructions, forms;
    /** Instructions that a processor lacks. */
    final List<String> missing;
    long cases, translated, agreements, undefined, differences, faults, nanos;
    /** Differences by instruction. */
    final Map<String, Long> byInstruction = new TreeMap<>();
    final List<Difference> examples = new ArrayList<>();

    FamilyResult(String mode, String family, int instructions, int forms, List<String> missing) {
        this.mode = mode;
        this.family = family;
        this.instructions = instructions;
        this.forms = forms;
        this.missing = missing;
    }

    double seconds() {
        return nanos / 1e9;
    }
}
