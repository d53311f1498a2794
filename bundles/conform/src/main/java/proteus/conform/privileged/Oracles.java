package proteus.conform.privileged;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/** Finds the machines to compare with, and tries each on one harmless case of every mode. */
final class Oracles {
    private Oracles() {}

    /** The machine of that name; empty if it is not there. */
    static Optional<Machine> find(String name) {
        return switch (name) {
            case "bochs" -> EmulatorMachine.bochs();
            case "qemu" -> EmulatorMachine.qemu();
            default -> EmulatorMachine.kvm();
        };
    }

    /** Why there is none of that name. */
    static String absence(String name) {
        return switch (name) {
            case "bochs" -> "Bochs is not installed (packages bochs and bochs-term)";
            case "qemu" -> "qemu-system-x86_64 is not installed (package qemu-system-x86)";
            default -> "/dev/kvm cannot be opened, or qemu-system-x86_64 is not installed";
        };
    }

    /** Why a machine cannot be an oracle, or an empty text: in every mode an instruction that does nothing must do nothing. */
    static String obstacle(Machine oracle, Machine model) {
        List<Case> cases = new ArrayList<>();
        List<String> modes = new ArrayList<>();
        SplittableRandom random = new SplittableRandom(0);
        for (Scene.Kind kind : Scene.Kind.values()) {
            for (Scene.Paging paging : kind == Scene.Kind.PROTECTED32 ? Scene.Paging.values() : new Scene.Paging[] {Scene.Paging.NONE}) {
                for (int cpl = 0; cpl < 4; cpl += 3) {
                    cases.add(new Scene(random, kind, cpl, paging).code(Family.PRIVILEGE, "nop"));
                    modes.add("%s, ring %d, paging %s".formatted(kind, cpl, paging).toLowerCase(java.util.Locale.ROOT));
                }
            }
        }
        try {
            List<Outcome> ours = Runner.run(model, cases);
            for (int i = 0; i < cases.size(); i++) {
                Outcome theirs = Runner.run(oracle, cases.subList(i, i + 1)).get(0);
                List<Comparison.Difference> differences = Comparison.compare(cases.get(i), theirs, ours.get(i));
                if (!differences.isEmpty()) {
                    return "%s does not even run NOP as the manual says (%s: %s)".formatted(oracle.description(), modes.get(i), differences.get(0));
                }
            }
            return "";
        } catch (IOException e) {
            return e.getMessage();
        }
    }
}
