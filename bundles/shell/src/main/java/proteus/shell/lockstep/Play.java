package proteus.shell.lockstep;

import java.util.List;
import java.util.Optional;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmSpec;

/**
 * What happens around a guest, the same each time it is started.
 *
 * @param prompts what its prompts look like
 * @param typed what is typed, each at the next prompt
 * @param until what it prints when it is enough
 */
public record Play(VirtualMachineManager manager, List<String> prompts, List<String> typed, Optional<String> until) {
    Twin start(VmSpec spec) {
        return new Twin(manager.create(spec), this);
    }
}
