package proteus.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import proteus.api.compose.Composition;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.vm.DeviceSetting;
import proteus.api.vm.HandOverReport;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VmException;
import proteus.api.vm.VmShape;
import proteus.api.vm.VmState;

@Timeout(20)
class HandOverTest {
    private static final Composition SHADOW = new Composition("model", "hwassist", "shadow", "emul");

    private final Platform platform = new Platform();

    @AfterEach
    void closeAll() {
        platform.machines.list().forEach(VirtualMachine::close);
        assertEquals(0, platform.host.allocations(), "all memory went back");
        assertEquals(0, platform.otherHost.allocations(), "all memory went back");
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
        assertEquals(Composition.DEFAULT, report.from().composition());
        assertEquals(SHADOW, vm.composition().composition());
        assertEquals(ExecutionEngine.NATIVE, vm.engine());
        assertEquals(2, platform.closed, "the techniques of before are closed");
        assertEquals(42, (long) vm.inspect(inside -> inside.cpu().exportState().general().gpr()[3]));
        step(vm, 700);
        assertEquals(1200, vm.statistics().retired());
        assertEquals(700, platform.processor.retired());
        assertEquals(1, vm.handOvers().size());
    }

    private static Composition on(String silicon) {
        return new Composition(silicon, "hwassist", "ept", "emul");
    }

    @Test
    void anotherSiliconGetsTheMemoryAndTheDevicesFindItThere() {
        platform.registry.addSilicon(platform.other, null);
        VirtualMachine vm = create();
        vm.inspect(inside -> {
            inside.memory().write64(0x3ff8, -2);
            inside.memory().write8(0x20_0000, 7);
            return null;
        });
        step(vm, 50);
        HandOverReport report = vm.swap(on("other"), vm.engine());
        assertEquals("other", vm.composition().composition().silicon());
        assertTrue(report.steps().getFirst().contains("to silicon 'other'"), report.steps()::toString);
        assertEquals(0, platform.host.allocations(), "the memory of before is free");
        vm.inspect(inside -> {
            assertEquals(-2, inside.memory().read64(0x3ff8));
            assertEquals(7, inside.memory().read8(0x20_0000));
            assertEquals(0, inside.memory().read8(0x30_0000));
            inside.memory().write8(0x30_0000, 9);
            assertEquals(9, inside.memory().read8(0x30_0000));
            assertEquals(9, platform.cpu.guestMemory().read8(0x30_0000));
            return null;
        });
        step(vm, 50);
        assertEquals(100, vm.statistics().retired());
        vm.swap(on("model"), vm.engine());
        assertEquals(9, (int) vm.inspect(inside -> inside.memory().read8(0x30_0000)));
    }

    @Test
    void anotherSiliconThatBreaksThePromiseIsRefused() {
        platform.otherLeaf7 = 3;
        platform.registry.addSilicon(platform.other, null);
        VirtualMachine vm = create();
        String message = assertThrows(VmException.class, () -> vm.swap(on("other"), vm.engine())).getMessage();
        assertTrue(message.contains("promised a CPUID whose leaf 0x7 silicon 'other' does not give it"), message);
        message = assertThrows(VmException.class, () -> vm.swap(on("kvm"), vm.engine())).getMessage();
        assertTrue(message.contains("There is no silicon 'kvm'"), message);
        step(vm, 10);
    }

    @Test
    void memoryReturnsWhenTheOtherSiliconFails() {
        platform.registry.addSilicon(platform.other, null);
        VirtualMachine vm = create();
        vm.inspect(inside -> {
            inside.memory().write8(0x20_0000, 7);
            return null;
        });
        platform.importFailure = "cannot take this state";
        assertThrows(VmException.class, () -> vm.swap(on("other"), vm.engine()));
        assertEquals(0, platform.otherHost.allocations(), "the copy is gone");
        assertEquals(7, (int) vm.inspect(inside -> inside.memory().read8(0x20_0000)));
        platform.importFailure = "";
        step(vm, 10);
    }

    @Test
    void siliconThatLeavesGivesItsGuestsToAnotherOrTheirMemoryIsLost() {
        platform.registry.addSilicon(platform.other, null);
        VirtualMachine vm = create();
        step(vm, 10);
        platform.registry.removeSilicon(platform.model);
        assertEquals(VmState.PAUSED, vm.state(), vm::reason);
        assertEquals("other", vm.composition().composition().silicon());
        platform.registry.removeSilicon(platform.other);
        assertEquals(VmState.ENDED, vm.state());
        assertTrue(vm.reason().contains("memory is gone"), vm::reason);
        platform.registry.addSilicon(platform.model, null);
        assertEquals(VmState.ENDED, vm.state());
    }

    @Test
    void devicesChangeTheirHostWithoutAnotherProcessor() {
        VirtualMachine vm = create();
        step(vm, 10);
        Object processor = platform.processor;
        platform.line.output('a');
        assertEquals(0, vm.statistics().counters().getOrDefault("host-syscalls", 0L));
        HandOverReport report = vm.swap(vm.shape().with(DeviceSetting.Host.HOSTED));
        assertEquals(DeviceSetting.Host.HOSTED, vm.shape().host());
        assertEquals(processor, platform.processor);
        assertEquals(1, report.steps().size(), report.steps()::toString);
        platform.line.output('b');
        assertEquals(1, vm.statistics().counters().get("host-syscalls"));
        vm.swap(vm.shape().with(DeviceSetting.Host.NATIVE));
        platform.line.output('c');
        assertEquals(1, vm.statistics().counters().get("host-syscalls"));
        assertEquals("abc", vm.console().text());
        assertEquals(0, platform.closed);
    }

    @Test
    void hostAndMemoryTechniqueMayChangeAtOnce() {
        platform.registry.addMemory(platform.shadow, null);
        VirtualMachine vm = create();
        VmShape wish = new VmShape(SHADOW, ExecutionEngine.NATIVE, DeviceSetting.Host.HOSTED);
        HandOverReport report = vm.swap(wish);
        assertEquals(wish, vm.shape());
        assertEquals(wish, report.to());
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
