package proteus.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import proteus.api.compose.Composition;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.vm.HandOverReport;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VmException;
import proteus.api.vm.VmState;

@Timeout(20)
class HandOverTest {
    private static final Composition SHADOW = new Composition("model", "hwassist", "shadow", "emul");

    private final Platform platform = new Platform();

    @AfterEach
    void closeAll() {
        platform.machines.list().forEach(VirtualMachine::close);
        assertEquals(0, platform.host.allocations(), "all memory went back");
    }

    private VirtualMachine create() {
        return platform.machines.create(platform.spec("vm"));
    }

    private static void step(VirtualMachine vm, long instructions) {
        vm.inspect(inside -> {
            inside.step(instructions);
            return null;
        });
    }

    @Test
    void stateAndCountOfInstructionsGoAlong() {
        platform.registry.addMemory(platform.shadow, null);
        VirtualMachine vm = create();
        step(vm, 500);
        vm.inspect(inside -> {
            inside.processor().registers().gpr(3, 42);
            return null;
        });
        HandOverReport report = vm.swap(SHADOW, ExecutionEngine.NATIVE);
        assertEquals(500, report.retired());
        assertEquals(Composition.DEFAULT, report.from());
        assertEquals(SHADOW, vm.composition().composition());
        assertEquals(ExecutionEngine.NATIVE, vm.engine());
        assertEquals(2, platform.closed, "the techniques of before are closed");
        assertEquals(42, (long) vm.inspect(inside -> inside.cpu().exportState().general().gpr()[3]));
        step(vm, 700);
        assertEquals(1200, vm.statistics().retired());
        assertEquals(700, platform.processor.retired());
        assertEquals(1, vm.handOvers().size());
    }

    @Test
    void timersFireAtTheInstructionTheyWouldHaveFiredAt() {
        platform.registry.addMemory(platform.shadow, null);
        VirtualMachine vm = create();
        long[] fired = {0};
        vm.inspect(inside -> {
            platform.board.timers().create("test", () -> fired[0] = platform.board.timers().now()).arm(1000);
            return null;
        });
        step(vm, 600);
        vm.swap(SHADOW, ExecutionEngine.INTERPRETER);
        step(vm, 399);
        assertEquals(0, fired[0]);
        step(vm, 2);
        assertEquals(1000, fired[0]);
    }

    @Test
    void whatTheGuestWouldSeeIsRefusedAndTheGuestStays() {
        VirtualMachine vm = create();
        String message = assertThrows(VmException.class, () -> vm.swap(new Composition("model", "hwassist", "ept", "other"), vm.engine())).getMessage();
        assertTrue(message.startsWith("VM vm stays with hwassist + ept + emul on model: "), message);
        assertTrue(vm.objection(SHADOW).orElseThrow().contains("'shadow'"));
        step(vm, 10);
        assertEquals(10, vm.statistics().retired());
        assertEquals(0, platform.closed);
    }

    @Test
    void failedImportLeavesTheGuestWhereItWas() {
        platform.registry.addMemory(platform.shadow, null);
        VirtualMachine vm = create();
        step(vm, 10);
        platform.importFailure = "cannot take this state";
        String message = assertThrows(VmException.class, () -> vm.swap(SHADOW, vm.engine())).getMessage();
        assertTrue(message.contains("cannot take this state"), message);
        assertEquals(2, platform.closed, "what was built for the hand-over is closed");
        assertEquals(Composition.DEFAULT, vm.composition().composition());
        step(vm, 10);
        assertEquals(20, vm.statistics().retired());
    }

    @Test
    void bundleThatStopsHandsItsGuestToAnotherAndTheWishComesBack() {
        platform.registry.addMemory(platform.shadow, null);
        VirtualMachine vm = create();
        vm.start();
        platform.registry.removeMemory(platform.ept);
        assertEquals(VmState.RUNNING, vm.state());
        assertEquals(SHADOW, vm.composition().composition());
        platform.registry.addMemory(platform.ept, null);
        assertEquals(Composition.DEFAULT, vm.composition().composition());
        assertEquals(VmState.RUNNING, vm.state());
    }

    @Test
    void whatTheUserSwappedToIsTheWish() {
        platform.registry.addMemory(platform.shadow, null);
        VirtualMachine vm = create();
        vm.swap(SHADOW, vm.engine());
        platform.registry.removeMemory(platform.ept);
        platform.registry.addMemory(platform.ept, null);
        assertEquals(SHADOW, vm.composition().composition());
    }

    @Test
    void guestWithoutATechniqueIsKeptAndGoesOnWhenOneComes() {
        VirtualMachine vm = create();
        step(vm, 30);
        platform.registry.removeMemory(platform.ept);
        assertEquals(VmState.PARKED, vm.state());
        assertTrue(vm.reason().contains("state is safe"), vm.reason());
        assertEquals(2, platform.closed);
        assertEquals(30, vm.statistics().retired());
        long rip = vm.inspect(inside -> inside.cpu().exportState().general().rip());
        assertThrows(VmException.class, () -> vm.inspect(inside -> inside.processor().retired()));
        platform.registry.addMemory(platform.ept, null);
        assertEquals(VmState.PAUSED, vm.state());
        assertEquals("", vm.reason());
        assertEquals(rip, (long) vm.inspect(inside -> inside.cpu().exportState().general().rip()));
        step(vm, 10);
        assertEquals(40, vm.statistics().retired());
    }

    @Test
    void anotherTechniqueThanTheWishedWillDoForAGuestWithoutAny() {
        VirtualMachine vm = create();
        vm.start();
        platform.registry.removeMemory(platform.ept);
        assertEquals(VmState.PARKED, vm.state());
        platform.registry.addMemory(platform.shadow, null);
        assertEquals(VmState.RUNNING, vm.state());
        assertEquals(SHADOW, vm.composition().composition());
    }
}
