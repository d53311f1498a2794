package proteus.vmm;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import proteus.api.compose.Composer;
import proteus.api.compose.Composition;
import proteus.api.compose.CompositionReport;
import proteus.api.compose.Preset;
import proteus.api.compose.TechniqueInfo;
import proteus.api.compose.TechniqueInfo.Kind;
import proteus.api.cpu.CpuTechnique;
import proteus.api.silicon.Silicon;
import proteus.api.silicon.SiliconFeature;
import proteus.api.vm.GuestAbi;

/** Says in sentences what can be composed now, and why not. */
@Component
public final class CompositionExaminer implements Composer {
    /** Known to the design. */
    private static final String REAL = "kvm";
    private static final String NOBODY = "no bundle provides it yet";

    private final TechniqueRegistry registry;
    private final DeclaredTechniques declared;

    @Activate
    public CompositionExaminer(@Reference TechniqueRegistry registry, @Reference DeclaredTechniques declared) {
        this.registry = registry;
        this.declared = declared;
    }

    @Override
    public List<Preset> presets() {
        return History.PRESETS;
    }

    @Override
    public CompositionReport examine(Composition wish) {
        List<String> against = new ArrayList<>();
        List<String> fits = new ArrayList<>();
        Optional<Silicon> silicon = registry.silicon(wish.silicon());
        if (silicon.isEmpty()) {
            String why = wish.silicon().equals(REAL) ? ": no bundle drives the host's own processor yet" : "";
            against.add("There is no silicon '%s'%s; %s.".formatted(wish.silicon(), why, offered(silicons())));
        }
        technique(Kind.CPU, wish.cpu(), registry.cpu(wish.cpu()).map(part -> part.info()), silicon, fits, against);
        technique(Kind.MEMORY, wish.memory(), registry.memory(wish.memory()).map(part -> part.info()), silicon, fits, against);
        technique(Kind.IO, wish.io(), registry.io(wish.io()).map(part -> part.info()), silicon, fits, against);
        registry.cpu(wish.cpu()).flatMap(part -> part.objection(wish)).ifPresent(against::add);
        registry.memory(wish.memory()).flatMap(part -> part.objection(wish)).ifPresent(against::add);
        if (registry.board().isEmpty()) {
            against.add("No bundle provides a board.");
        }
        if (registry.loader().isEmpty()) {
            against.add("No bundle provides a loader of guest images.");
        }
        List<String> findings = new ArrayList<>(against);
        findings.addAll(fits);
        return new CompositionReport(wish, against.isEmpty(), History.name(wish), findings);
    }

    @Override
    public List<String> silicons() {
        return List.copyOf(registry.siliconNames());
    }

    @Override
    public GuestAbi abi(Composition composition) {
        return registry.cpu(composition.cpu()).map(CpuTechnique::abi).orElse(GuestAbi.PC);
    }

    private void technique(
            Kind kind, String name, Optional<TechniqueInfo> info, Optional<Silicon> silicon, List<String> fits, List<String> against) {
        if (info.isEmpty()) {
            against.add("%s technique '%s' %s".formatted(title(kind), name, why(kind, name)));
            return;
        }
        if (silicon.isEmpty()) {
            return;
        }
        Set<SiliconFeature> missing = EnumSet.noneOf(SiliconFeature.class);
        missing.addAll(info.get().requires());
        missing.removeAll(silicon.get().features());
        if (missing.isEmpty()) {
            fits.add("%s technique '%s' fits silicon '%s'%s.".formatted(
                    title(kind),
                    name,
                    silicon.get().name(),
                    info.get().requires().isEmpty() ? "" : ", which has " + labels(info.get().requires())));
        } else {
            against.add("%s technique '%s' needs %s, which silicon '%s' does not have.".formatted(
                    title(kind), name, labels(missing), silicon.get().name()));
        }
    }

    /** Why a technique is not offered, as the rest of a sentence. */
    private String why(Kind kind, String name) {
        Optional<String> reason = declared.whyAbsent(kind, name);
        if (reason.isPresent() || known(kind, name)) {
            return "is not offered: " + reason.orElse(NOBODY) + ".";
        }
        List<String> names = registry.techniques().keySet().stream()
                .filter(info -> info.kind() == kind)
                .map(TechniqueInfo::name)
                .sorted()
                .toList();
        return "does not exist; " + offered(names) + ".";
    }

    private static boolean known(Kind kind, String name) {
        return History.TECHNIQUES.stream().anyMatch(known -> known.kind() == kind && known.name().equals(name));
    }

    private static String offered(List<String> names) {
        return names.isEmpty() ? "none is offered" : "offered: " + String.join(", ", names);
    }

    private static String labels(Set<SiliconFeature> features) {
        return features.stream().sorted().map(SiliconFeature::label).collect(Collectors.joining(", "));
    }

    private static String title(Kind kind) {
        return switch (kind) {
            case CPU -> "CPU";
            case MEMORY -> "Memory";
            case IO -> "I/O";
        };
    }

    @Override
    public List<TechniqueStatus> techniques() {
        Map<TechniqueInfo, String> offers = registry.techniques();
        List<TechniqueStatus> all = new ArrayList<>();
        offers.forEach((info, bundle) -> all.add(new TechniqueStatus(info.kind(), info.name(), info.title(), true, bundle, "")));
        for (History.Known known : History.TECHNIQUES) {
            if (all.stream().noneMatch(status -> status.kind() == known.kind() && status.name().equals(known.name()))) {
                all.add(new TechniqueStatus(known.kind(), known.name(), known.title(), false, "", declared.whyAbsent(known.kind(), known.name()).orElse(NOBODY)));
            }
        }
        all.sort(Comparator.comparing(TechniqueStatus::kind).thenComparing(TechniqueStatus::name));
        return List.copyOf(all);
    }
}
