package proteus.conform.privileged;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;

/** Takes away from a case what its difference does not need: registers' values, flags, patches. */
final class CaseMinimizer {
    private final Machine oracle, model;
    /** What is left of the differences of a case after the excuses. */
    private final Judge judge;

    /** Says what differs. */
    interface Judge {
        List<Comparison.Difference> differences(Case c, Outcome theirs, Outcome ours);
    }

    CaseMinimizer(Machine oracle, Machine model, Judge judge) {
        this.oracle = oracle;
        this.model = model;
        this.judge = judge;
    }

    /** The same difference, of a case with less in it. */
    Case minimize(Case original) throws IOException {
        Case best = original;
        String where = signs(List.of(original)).get(0);
        for (BiFunction<Case, Integer, Case> step : List.<BiFunction<Case, Integer, Case>>of(CaseMinimizer::withoutPatch, CaseMinimizer::withoutValue)) {
            int count = Math.max(best.patches().size(), Registers.FIELDS.length);
            List<Case> variants = new ArrayList<>();
            List<Integer> numbers = new ArrayList<>();
            for (int n = 0; n < count; n++) {
                Case variant = step.apply(best, n);
                if (variant != null) {
                    variants.add(variant);
                    numbers.add(n);
                }
            }
            List<Boolean> holds = holds(variants, where);
            // all that alone may go, from the last on, so that numbers stay right
            Case all = best;
            for (int i = numbers.size() - 1; i >= 0; i--) {
                all = holds.get(i) ? step.apply(all, numbers.get(i)) : all;
            }
            if (holds(List.of(all), where).get(0)) {
                best = all;
            }
        }
        return best;
    }

    private List<Boolean> holds(List<Case> variants, String where) throws IOException {
        return signs(variants).stream().map(where::equals).toList();
    }

    /** What makes a difference the same: where it is first seen, and how the case ends on both machines. */
    private List<String> signs(List<Case> cases) throws IOException {
        List<Outcome> theirs = Runner.run(oracle, cases);
        List<Outcome> ours = Runner.run(model, cases);
        List<String> signs = new ArrayList<>();
        for (int i = 0; i < cases.size(); i++) {
            List<Comparison.Difference> left = judge.differences(cases.get(i), theirs.get(i), ours.get(i));
            signs.add(left.isEmpty() ? "" : "%s, %s, %s".formatted(left.get(0).where(), ending(theirs.get(i)), ending(ours.get(i))));
        }
        return signs;
    }

    private static String ending(Outcome outcome) {
        return outcome.after() == null ? outcome.ending().name() : "#" + outcome.after().getInt(Registers.VECTOR);
    }

    private static Case withoutPatch(Case c, int n) {
        // the last one is the code
        if (n >= c.patches().size() - 1) {
            return null;
        }
        List<Case.Patch> fewer = new ArrayList<>(c.patches());
        fewer.remove(n);
        return new Case(c.family(), c.text(), c.bits(), c.before(), fewer);
    }

    /** General registers become 0, flags those of reset. */
    private static Case withoutValue(Case c, int n) {
        Registers.Field field = Registers.FIELDS[Math.min(n, Registers.FIELDS.length - 1)];
        boolean flags = field.offset() == Registers.RFLAGS;
        long plain = flags ? 2 | c.before().get(Registers.RFLAGS) & 0x2_0000 : 0;
        if (n >= Registers.FIELDS.length || !flags && field.offset() >= Registers.RIP || c.before().get(field) == plain) {
            return null;
        }
        return new Case(c.family(), c.text(), c.bits(), c.before().copy().set(field.offset(), plain), c.patches());
    }
}
