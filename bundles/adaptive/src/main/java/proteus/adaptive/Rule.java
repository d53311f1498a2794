package proteus.adaptive;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import proteus.api.compose.Composition;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.vm.VmShape;

/**
 * What a sample speaks for. Under nested paging a TLB miss costs more (a walk in two dimensions), under shadow paging a page fault does (it
 * goes through the VMM). So the page faults for each TLB miss decide (Wang 2011: DSP), with a gap between the two thresholds in which all
 * stays as it is, and only where there is something to gain.
 */
record Rule(Thresholds thresholds) {
    private static final String NESTED = "ept", SHADOW = "shadow";

    /**
     * What a sample speaks for.
     *
     * @param shape empty: all stays
     * @param why a sentence
     */
    record Verdict(Optional<VmShape> shape, String why) {}

    /** @param looks since the shape changed last */
    Verdict judge(VmShape now, Sample sample, int looks) {
        Verdict memory = memory(now, sample);
        return memory.shape.isPresent() || !thresholds.engine() ? memory : engine(now, sample, looks, memory.why);
    }

    private Verdict memory(VmShape now, Sample sample) {
        Composition composition = now.composition();
        String technique = composition.memory();
        if (technique.equals(NESTED)) {
            if (sample.tlbMisses() < thresholds.least_misses()) {
                return stays("too few TLB misses for shadow paging to gain from");
            }
            return sample.ratio() < thresholds.ratio_low()
                    ? new Verdict(Optional.of(now.with(with(composition, SHADOW))), "%s page faults for a TLB miss: shadow paging".formatted(number(sample.ratio())))
                    : stays("%s page faults for a TLB miss: nested paging is right".formatted(number(sample.ratio())));
        }
        if (technique.equals(SHADOW)) {
            if (sample.pageFaults() < thresholds.least_faults()) {
                return stays("too few page faults for nested paging to gain from");
            }
            return sample.ratio() > thresholds.ratio_high()
                    ? new Verdict(Optional.of(now.with(with(composition, NESTED))), "%s page faults for a TLB miss: nested paging".formatted(number(sample.ratio())))
                    : stays("%s page faults for a TLB miss: shadow paging is right".formatted(number(sample.ratio())));
        }
        return stays("memory technique '%s' is none of the two".formatted(technique));
    }

    private Verdict engine(VmShape now, Sample sample, int looks, String otherwise) {
        if (now.engine() == ExecutionEngine.NATIVE && sample.untranslated() > thresholds.untranslated_high()) {
            return new Verdict(Optional.of(now.with(ExecutionEngine.INTERPRETER)), "too much has no translated code: interpreter");
        }
        if (now.engine() == ExecutionEngine.INTERPRETER && looks >= thresholds.rest()) {
            return new Verdict(Optional.of(now.with(ExecutionEngine.NATIVE)), "interpreted for %d looks: native".formatted(looks));
        }
        return stays(otherwise);
    }

    private static Verdict stays(String why) {
        return new Verdict(Optional.empty(), why);
    }

    private static Composition with(Composition from, String memory) {
        return new Composition(from.silicon(), from.cpu(), memory, from.io());
    }

    private static String number(double value) {
        return "%.2g".formatted(value);
    }

    List<String> sentences() {
        return List.of(
                "ept gives way to shadow below %s page faults for a TLB miss, from %s TLB misses in a million instructions"
                        .formatted(number(thresholds.ratio_low()), thresholds.least_misses()),
                "shadow gives way to ept above %s page faults for a TLB miss, from %s page faults in a million instructions"
                        .formatted(number(thresholds.ratio_high()), thresholds.least_faults()),
                thresholds.engine()
                        ? "native becomes interpreter above %s instructions in a million without translated code, and native again after %d looks"
                                .formatted(thresholds.untranslated_high(), thresholds.rest())
                        : "the engine is left alone",
                "a look each %s instructions; %d looks in a row must agree, and the first behind a change does not count"
                        .formatted(String.format(Locale.ROOT, "%,d", thresholds.interval()).replace(',', ' '), thresholds.confirm()));
    }
}
