package proteus.adaptive;

import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import proteus.api.vm.AdaptivePolicy.Decision;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VmException;
import proteus.api.vm.VmShape;
import proteus.api.vm.VmStatistics;

/** A VM under the policy; on its thread, between two instructions. */
final class Observed {
    private final VirtualMachine vm;
    private final Rule rule;
    private final Consumer<Decision> told;
    private Map<String, Long> counters;
    private long retired;
    private long untranslated;
    private VmShape shape;
    /** Since the shape changed. */
    private int looks;
    /** What the last looks spoke for, and how many of them. */
    private Optional<VmShape> wanted = Optional.empty();
    private int agreeing;

    Observed(VirtualMachine vm, Rule rule, Consumer<Decision> told) {
        this.vm = vm;
        this.rule = rule;
        this.told = told;
        remember(vm.statistics());
    }

    private void remember(VmStatistics now) {
        counters = now.counters();
        retired = now.retired();
        shape = vm.shape();
    }

    /** What this core has counted. */
    private long untranslated() {
        return vm.inspect(inside -> inside.processor().translation().untranslated());
    }

    void look() {
        VmStatistics now = vm.statistics();
        if (now.retired() == retired) {
            return;
        }
        VmShape had = vm.shape();
        long missed = untranslated();
        Sample sample = Sample.between(counters, now.counters(), now.retired() - retired, had.equals(shape) ? missed - untranslated : missed);
        looks = had.equals(shape) ? looks + 1 : 0;
        untranslated = missed;
        String verdict = looks > 0 ? judge(had, sample) : "its shape is new: tables and translations were cold";
        told.accept(new Decision(vm.name(), now.retired(), had, sample.pageFaults(), sample.tlbMisses(), sample.untranslated(), verdict));
        counters = now.counters();
        retired = now.retired();
        // as it was before a change of now: the next look sees that it is new, and does not count
        shape = had;
    }

    private String judge(VmShape now, Sample sample) {
        Rule.Verdict verdict = rule.judge(now, sample, looks);
        agreeing = verdict.shape().isPresent() && verdict.shape().equals(wanted) ? agreeing + 1 : 1;
        wanted = verdict.shape();
        if (wanted.isEmpty()) {
            return "stays: " + verdict.why();
        }
        if (agreeing < rule.thresholds().confirm()) {
            return "stays for now (%d of %d looks): %s".formatted(agreeing, rule.thresholds().confirm(), verdict.why());
        }
        wanted = Optional.empty();
        try {
            vm.swap(verdict.shape().get());
            return "changed: " + verdict.why();
        } catch (VmException e) {
            return "refused: " + e.getMessage();
        }
    }
}
