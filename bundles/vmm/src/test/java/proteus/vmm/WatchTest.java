package proteus.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import proteus.api.compose.Composition;
import proteus.api.vm.VirtualMachine;

@Timeout(20)
class WatchTest {
    private final Platform platform = new Platform();
    private final VirtualMachine vm = platform.machines.create(platform.spec("vm"));
    private final List<Long> seen = new ArrayList<>();

    @AfterEach
    void closeAll() {
        vm.close();
    }

    private void step(long instructions) {
        vm.inspect(inside -> {
            inside.step(instructions);
            return null;
        });
    }

    private void note() {
        seen.add(vm.statistics().retired());
    }

    @Test
    void actionsComeAtExactlyTheirInstructions() {
        step(7);
        VirtualMachine.Watch watch = vm.watch(100, this::note);
        step(350);
        assertEquals(List.of(107L, 207L, 307L), seen);
        watch.close();
        step(350);
        assertEquals(3, seen.size());
    }

    @Test
    void anActionMayHandTheGuestOver() {
        platform.registry.addMemory(platform.shadow, null);
        Composition shadow = new Composition("model", "hwassist", "shadow", "emul");
        vm.watch(100, () -> {
            note();
            vm.swap(shadow, vm.engine());
        });
        step(250);
        assertEquals(shadow, vm.composition().composition());
        assertEquals(250, vm.statistics().retired());
        assertEquals(List.of(100L, 200L), vm.handOvers().stream().map(report -> report.retired()).toList());
    }

    @Test
    void anActionThatFailsIsNotAskedAgainAndTheGuestGoesOn() {
        vm.watch(100, () -> {
            note();
            throw new IllegalStateException("out of order");
        });
        step(350);
        assertEquals(List.of(100L), seen);
        assertEquals(350, vm.statistics().retired());
        assertThrows(IllegalArgumentException.class, () -> vm.watch(0, this::note));
    }

    @Test
    void observersSeeThoseThatAreThereAndThoseThatCome() {
        List<String> names = new ArrayList<>();
        platform.machines.addObserver(one -> names.add(one.name()));
        VirtualMachine other = platform.machines.create(platform.spec("other"));
        assertEquals(List.of("vm", "other"), names);
        other.close();
        assertTrue(platform.machines.find("other").isEmpty());
    }
}
