package proteus.conform.privileged;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import proteus.conform.privileged.Outcome.Ending;

/** Runs cases on a machine; one that the machine does not survive is its last, and the next image starts behind it. */
final class Runner {
    private Runner() {}

    static List<Outcome> run(Machine machine, List<Case> cases) throws IOException {
        List<Outcome> outcomes = new ArrayList<>();
        while (outcomes.size() < cases.size()) {
            Receiver receiver = new Receiver();
            Ending ending = machine.run(RomImage.of(cases, outcomes.size()), receiver);
            outcomes.addAll(receiver.outcomes());
            if (ending != Ending.EVENT && !receiver.started()) {
                throw new IOException("%s does not run the image at all: %s before the first case".formatted(machine.description(), ending));
            }
            if (ending != Ending.EVENT && outcomes.size() < cases.size()) {
                outcomes.add(new Outcome(ending, null, new TreeMap<>()));
            }
        }
        return outcomes;
    }
}
