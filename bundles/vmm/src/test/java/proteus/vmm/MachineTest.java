package proteus.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import proteus.api.compose.Composition;
import proteus.api.cpu.RunOutcome;
import proteus.api.event.CountedEvent;
import proteus.api.io.DiskImage;
import proteus.api.io.Timers;
import proteus.api.vm.GuestLoadException;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VmEnd;
import proteus.api.vm.VmException;
import proteus.api.vm.VmSpec;
import proteus.api.vm.VmState;

@Timeout(20)
class MachineTest {
    private static final long IF = 1 << 9;

    private final Platform platform = new Platform();

    @AfterEach
    void closeAll() {
        platform.machines.list().forEach(VirtualMachine::close);
        assertEquals(0, platform.host.allocations(), "all memory went back");
    }

    private VirtualMachine create() {
        return platform.machines.create(platform.spec("vm"));
    }

    private static VmEnd end(VirtualMachine vm) throws InterruptedException {
        return vm.awaitEnd(Duration.ofSeconds(10)).orElseThrow();
    }

    @Test
    void lifeGoesFromCreatedToClosed() {
        VirtualMachine vm = create();
        assertEquals(VmState.CREATED, vm.state());
        vm.start();
        assertEquals(VmState.RUNNING, vm.state());
        vm.pause();
        assertEquals(VmState.PAUSED, vm.state());
        vm.resume();
        vm.stop();
        assertEquals(VmState.ENDED, vm.state());
        vm.close();
        assertEquals(VmState.CLOSED, vm.state());
        assertEquals(List.of(), platform.machines.list());
        assertEquals(3, platform.closed);
    }

    @Test
    void illegalRequestSaysWhyInASentence() {
        VirtualMachine vm = create();
        assertEquals("VM vm cannot pause: it is created", assertThrows(VmException.class, vm::pause).getMessage());
        vm.start();
        assertEquals("VM vm cannot start: it is running", assertThrows(VmException.class, vm::start).getMessage());
        vm.close();
        assertEquals("VM vm is closed", assertThrows(VmException.class, vm::start).getMessage());
    }

    @Test
    void nameIsUnique() {
        create();
        assertTrue(assertThrows(VmException.class, this::create).getMessage().contains("'vm' already"));
    }

    @Test
    void impossibleCompositionIsRefusedWithTheReason() {
        VmSpec spec = platform.spec("vm");
        VmSpec other = new VmSpec("vm", new Composition("model", "full", "ept", "emul"), spec.memoryBytes(), 1, spec.clock(), "max", true, spec.boot(), List.of());
        assertEquals(
                "CPU technique 'full' is not offered: no bundle provides it yet.",
                assertThrows(VmException.class, () -> platform.machines.create(other)).getMessage());
    }

    @Test
    void tooMuchMemoryIsRefusedWithWhatThereIs() {
        VmSpec spec = platform.spec("vm");
        VmSpec huge = new VmSpec("vm", spec.composition(), 1 << 30, 1, spec.clock(), "max", true, spec.boot(), List.of());
        assertTrue(assertThrows(VmException.class, () -> platform.machines.create(huge)).getMessage().startsWith("the host has 64M of memory in all, too little for the 1G of VM vm"));
    }

    @Test
    void imageThatCannotBeLoadedLeavesNothingBehind() {
        platform.loadFailure = "the kernel is cut off";
        assertThrows(GuestLoadException.class, this::create);
        assertEquals(0, platform.host.allocations());
        assertEquals(List.of(), platform.machines.list());
    }

    @Test
    void diskWithoutADiskTechniqueIsRefused() {
        VmSpec spec = platform.spec("vm");
        VmSpec withDisk =
                new VmSpec("vm", spec.composition(), spec.memoryBytes(), 1, spec.clock(), "max", true, spec.boot(), List.of(DiskImage.of(Path.of("disk.img"))));
        assertTrue(assertThrows(VmException.class, () -> platform.machines.create(withDisk)).getMessage().contains("has no disks"));
    }

    @Test
    void debugExitEndsTheRun() throws InterruptedException {
        VirtualMachine vm = create();
        platform.step(p -> {
            p.board.debugExit(3);
            return RunOutcome.STOP_REQUESTED;
        });
        vm.start();
        assertEquals(new VmEnd(VmEnd.Kind.DEBUG_EXIT, 3, "the guest wrote 3 to the debug-exit port"), end(vm));
        assertEquals(VmState.ENDED, vm.state());
    }

    @Test
    void tripleFaultKeepsTheStateForInspection() throws InterruptedException {
        VirtualMachine vm = create();
        platform.step(p -> {
            "last words\n".chars().forEach(p.line::output);
            p.processor.registers().rip(0x1234);
            return RunOutcome.TRIPLE_FAULT;
        });
        vm.start();
        VmEnd end = end(vm);
        assertEquals(VmEnd.Kind.TRIPLE_FAULT, end.kind());
        assertTrue(end.message().contains("RIP 0x1234") && end.message().contains("last words"), end.message());
        assertEquals(0x1234L, vm.<Long>inspect(inside -> inside.processor().registers().rip()));
    }

    @Test
    void resetEndsTheRun() throws InterruptedException {
        VirtualMachine vm = create();
        platform.step(p -> {
            p.board.resetRequested();
            return RunOutcome.STOP_REQUESTED;
        });
        vm.start();
        assertEquals(new VmEnd(VmEnd.Kind.RESET, 0, "the guest reset the machine"), end(vm));
        assertEquals(0, platform.boardResets);
    }

    @Test
    void tripleFaultWithAnEmptyInterruptTableIsAReset() throws InterruptedException {
        VirtualMachine vm = create();
        platform.step(p -> {
            p.processor.registers().idtr(0, 0);
            return RunOutcome.TRIPLE_FAULT;
        });
        vm.start();
        VmEnd end = end(vm);
        assertEquals(new VmEnd(VmEnd.Kind.RESET, 0, "the guest reset the machine by a triple fault"), end);
        assertTrue(end.success());
    }

    @Test
    void whoWishesItHasTheGuestStartedAgain() throws InterruptedException {
        VmSpec once = platform.spec("vm");
        VirtualMachine vm = platform.machines.create(new VmSpec(
                "vm", once.composition(), once.memoryBytes(), 1, once.clock(), "max", true, once.boot(), List.of(), once.engine(), VmSpec.Reboot.RESET));
        List<String> seen = new ArrayList<>();
        platform.step(p -> {
            p.processor.registers().rip(0x1234);
            p.processor.registers().idtr(0x5000, 0xfff);
            p.board.resetRequested();
            return RunOutcome.STOP_REQUESTED;
        });
        platform.step(p -> {
            seen.add("%x %x".formatted(p.processor.registers().rip(), p.processor.registers().idtrLimit()));
            p.processor.registers().rip(0x5678);
            return RunOutcome.TRIPLE_FAULT;
        });
        platform.step(p -> {
            seen.add("%x".formatted(p.processor.registers().rip()));
            p.board.powerOff();
            return RunOutcome.STOP_REQUESTED;
        });
        vm.start();
        assertEquals(VmEnd.Kind.POWER_OFF, end(vm).kind());
        assertEquals(List.of("0 ffff", "0"), seen);
        assertEquals(2, platform.boardResets);
        assertEquals(3, platform.loads);
    }

    @Test
    void failedTechniqueParks() throws InterruptedException {
        VirtualMachine vm = create();
        platform.step(p -> RunOutcome.FAILED);
        vm.start();
        assertTrue(end(vm).message().startsWith("the technique gave up"));
        assertEquals(VmState.PARKED, vm.state());
    }

    @Test
    void exceptionOfATechniqueParksItsVmOnly() throws InterruptedException {
        VirtualMachine good = create();
        VirtualMachine bad = platform.machines.create(platform.spec("bad"));
        platform.step(p -> {
            throw new IllegalStateException("a bug");
        });
        bad.start();
        assertTrue(end(bad).message().contains("a bug"));
        assertEquals(VmState.PARKED, bad.state());
        assertEquals(VmState.CREATED, good.state());
    }

    @Test
    void stoppedBundleParksTheVmThatUsesIt() {
        VirtualMachine vm = create();
        vm.start();
        platform.registry.removeCpu(platform.cpuTechnique);
        assertEquals(VmState.PARKED, vm.state());
        assertTrue(vm.reason().contains("was stopped"), vm.reason());
    }

    @Test
    void idleGuestJumpsToTheNextTimer() throws InterruptedException {
        VirtualMachine vm = create();
        List<Long> fired = new ArrayList<>();
        Timers.Timer timer = platform.board.timers().create("t", () -> {
            fired.add(platform.board.timers().now());
            platform.board.powerOff();
        });
        platform.step(p -> {
            p.processor.registers().rflags(IF);
            p.processor.run(100);
            timer.arm(5_000_000);
            return RunOutcome.HALTED;
        });
        vm.start();
        assertEquals(VmEnd.Kind.POWER_OFF, end(vm).kind());
        assertEquals(List.of(5_000_000L), fired);
        assertEquals(5_000_000 - 100, vm.statistics().counters().get(CountedEvent.IDLE_TICKS.label()));
        assertEquals(5_000_000, platform.processor.tsc());
    }

    @Test
    void timerFiresAtItsExactInstruction() throws InterruptedException {
        VirtualMachine vm = create();
        List<Long> fired = new ArrayList<>();
        platform.board.timers().create("t", () -> {
            fired.add(platform.processor.retired());
            platform.board.powerOff();
        }).arm(123_457);
        vm.start();
        end(vm);
        assertEquals(List.of(123_457L), fired);
        assertEquals(123_457, vm.statistics().retired());
    }

    @Test
    void haltWithInterruptsOffCanNeverWake() throws InterruptedException {
        VirtualMachine vm = create();
        platform.step(p -> RunOutcome.HALTED);
        vm.start();
        assertTrue(end(vm).message().startsWith("the guest halted with interrupts off"));
    }

    @Test
    void idleGuestWithoutTimersWaitsForInput() throws InterruptedException {
        VirtualMachine vm = create();
        platform.step(p -> {
            p.processor.registers().rflags(IF);
            p.line.onInput(p.board::powerOff);
            return RunOutcome.HALTED;
        });
        vm.start();
        assertTrue(vm.awaitEnd(Duration.ofMillis(50)).isEmpty());
        vm.console().type("x");
        assertEquals(VmEnd.Kind.POWER_OFF, end(vm).kind());
    }

    @Test
    void awaitedTextEndsTheRunWithSuccess() throws InterruptedException {
        VirtualMachine vm = create();
        vm.console().stopAfter("READY");
        platform.step(p -> {
            "READY".chars().forEach(p.line::output);
            return RunOutcome.LIMIT;
        });
        vm.start();
        VmEnd end = end(vm);
        assertEquals(VmEnd.Kind.TEXT_SEEN, end.kind());
        assertTrue(end.success());
    }

    @Test
    void labPortMarksTheCountersOfItsMoment() throws InterruptedException {
        VirtualMachine vm = create();
        platform.step(p -> {
            p.processor.run(10);
            p.cpu.bus().writePort(0xf8, 1, 1);
            p.processor.run(32);
            p.cpu.bus().writePort(0xf8, 1, 0x81);
            p.board.powerOff();
            return RunOutcome.STOP_REQUESTED;
        });
        vm.start();
        end(vm);
        assertEquals(List.of(1, 0x81), vm.statistics().marks().stream().map(mark -> mark.value()).toList());
        assertEquals(32, vm.statistics().marks().get(1).retired() - vm.statistics().marks().get(0).retired());
        assertEquals(2, vm.statistics().marks().get(1).counters().get(CountedEvent.PORT_ACCESSES.label()));
    }

    @Test
    void steppingRunsExactlySoManyInstructions() {
        VirtualMachine vm = create();
        vm.inspect(inside -> {
            inside.step(17);
            return null;
        });
        assertEquals(17L, vm.<Long>inspect(inside -> inside.processor().retired()));
        assertEquals(VmState.PAUSED, vm.state());
        vm.resume();
        assertEquals(VmState.RUNNING, vm.state());
    }

    @Test
    void postedWorkRunsBehindTheCurrentInstruction() throws InterruptedException {
        VirtualMachine vm = create();
        List<Long> at = new ArrayList<>();
        platform.step(p -> {
            p.processor.run(5);
            p.board.post(() -> {
                at.add(p.processor.retired());
                p.board.powerOff();
            });
            assertEquals(0, p.cpu.schedule().limit());
            return RunOutcome.LIMIT;
        });
        vm.start();
        end(vm);
        assertEquals(List.of(5L), at);
    }

    @Test
    void guestIsPromisedAHypervisorButNoVmx() {
        VirtualMachine vm = create();
        int[] one = vm.contract().cpuid(1, 0);
        assertEquals(0, one[2] & 1 << 5);
        assertTrue(one[2] < 0, "hypervisor bit");
        assertEquals(1_000_000_000, vm.contract().cpuid(0x15, 0)[2]);
        assertEquals(0x746f_7250, vm.contract().cpuid(0x4000_0000, 0)[1], "Prot");
    }
}
