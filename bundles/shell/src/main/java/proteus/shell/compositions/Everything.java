package proteus.shell.compositions;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import proteus.api.compose.Composer;
import proteus.api.compose.Composer.TechniqueStatus;
import proteus.api.compose.Composition;
import proteus.api.compose.TechniqueInfo.Kind;
import proteus.api.vm.GuestAbi;

/** All compositions of the techniques that the design knows or bundles offer. */
public final class Everything {
    private Everything() {}

    /** Names of techniques with commas between them; empty ones stand for each technique of their kind. */
    public static List<Composition> all(Composer composer, String cpu, String memory, String io) {
        List<Composition> all = new ArrayList<>();
        for (String one : names(composer, Kind.CPU, cpu)) {
            for (String two : names(composer, Kind.MEMORY, memory)) {
                for (String three : names(composer, Kind.IO, io)) {
                    all.add(new Composition(Composition.DEFAULT.silicon(), one, two, three));
                }
            }
        }
        return all;
    }

    private static List<String> names(Composer composer, Kind kind, String wish) {
        return wish.isEmpty()
                ? composer.techniques().stream().filter(technique -> technique.kind() == kind).map(TechniqueStatus::name).toList()
                : List.of(wish.split(","));
    }

    /** Those that can be built and run guests of a PC. */
    public static List<Composition> possible(Composer composer, String cpu, String memory, String io) {
        return all(composer, cpu, memory, io).stream()
                .filter(composition -> composer.examine(composition).possible() && composer.abi(composition) == GuestAbi.PC)
                .collect(Collectors.toList());
    }
}
