package proteus.api.compose;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.osgi.annotation.versioning.ProviderType;
import proteus.api.vm.GuestAbi;
import proteus.api.vm.VmException;

/** Says what can be composed now; a service. */
@ProviderType
public interface Composer {
    CompositionReport examine(Composition wish);

    /** What the guests of such a hypervisor must have been made for. */
    GuestAbi abi(Composition composition);

    /** Every technique known to the design, offered or not. */
    List<TechniqueStatus> techniques();

    /** What VMs can run on now, by name. */
    List<String> silicons();

    /** Compositions by name, oldest first. */
    List<Preset> presets();

    /**
     * The composition that somebody wishes by some words: those of the preset hold where nothing else is said, the usual ones where
     * neither is. An empty text is no wish.
     *
     * @throws VmException in one sentence when there is no such preset
     */
    default Composition wished(String preset, String silicon, String cpu, String memory, String io) {
        Optional<Preset> base = preset.isEmpty()
                ? Optional.empty()
                : Optional.of(presets().stream().filter(one -> one.name().equals(preset)).findFirst().orElseThrow(() -> new VmException(
                        "there is no preset '%s'; give one of %s".formatted(preset, presets().stream().map(Preset::name).collect(Collectors.joining(", "))))));
        String chosen = first(cpu, base.map(Preset::cpu).orElse(Composition.DEFAULT.cpu()));
        boolean others = base.isPresent() && !chosen.equals(base.get().cpu());
        return new Composition(
                first(silicon, Composition.DEFAULT.silicon()),
                chosen,
                first(memory, base.isPresent() && !others ? base.get().memory() : Composition.usualMemory(chosen)),
                first(io, base.map(Preset::io).orElse(Composition.DEFAULT.io())));
    }

    private static String first(String wish, String otherwise) {
        return wish.isEmpty() ? otherwise : wish;
    }

    /**
     * One technique.
     *
     * @param offered whether a service offers it now
     * @param bundle symbolic name and version of the bundle, or empty
     * @param reason why it is not offered, or empty
     */
    record TechniqueStatus(TechniqueInfo.Kind kind, String name, String title, boolean offered, String bundle, String reason) {}
}
