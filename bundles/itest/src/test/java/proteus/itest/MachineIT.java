package proteus.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.Map;
import java.util.Optional;
import javax.inject.Inject;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;
import org.osgi.service.cm.ConfigurationAdmin;
import proteus.api.compose.Composer;
import proteus.api.compose.Composition;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmEnd;
import proteus.api.vm.VmException;
import proteus.api.vm.VmState;
import proteus.api.vm.VmStatistics;
import proteus.exam.PaxExamTest;

/** Virtual machines composed in a real framework, running guests of the kit. */
@PaxExamTest
@ExamReactorStrategy(PerClass.class)
public class MachineIT {
    private static final Duration SOON = Duration.ofSeconds(120);

    @Inject
    private BundleContext context;

    @Inject
    private ConfigurationAdmin configurations;

    private Guests guests;

    @Configuration
    public Option[] image() {
        return new Option[] {Image.options()};
    }

    @BeforeEach
    void guests() {
        guests = new Guests(context);
    }

    @Test
    void aMachineComposedByConfigurationBootsItsGuest() throws Exception {
        Dictionary<String, Object> settings = new Hashtable<>(Map.of("guest", "hello64", "cpu", "hwassist", "mem", "ept", "io", "emul", "autostart", true));
        org.osgi.service.cm.Configuration configuration = configurations.getFactoryConfiguration("proteus.vm", "configured", "?");
        configuration.update(settings);
        VirtualMachineManager machines = guests.service(VirtualMachineManager.class);
        VirtualMachine vm = Await.value(() -> machines.find("configured"), SOON);
        Optional<VmEnd> end = vm.awaitEnd(SOON);
        assertEquals(Optional.of(VmEnd.Kind.DEBUG_EXIT), end.map(VmEnd::kind));
        assertTrue(end.orElseThrow().success());
        assertTrue(vm.console().text().contains("64-bit long mode"), vm.console().text());
        VmStatistics statistics = vm.statistics();
        assertTrue(statistics.retired() > 10_000, statistics::toString);
        for (String exit : new String[] {"exit.io-instruction", "exit.ept-violation", "exit.cr-access", "exit.cpuid"}) {
            assertTrue(statistics.counters().getOrDefault(exit, 0L) > 0, exit + " in " + statistics);
        }
        configuration.delete();
        Await.value(() -> machines.find("configured").isPresent() ? Optional.empty() : Optional.of(true), SOON);
    }

    @Test
    void theSameRunTwiceGivesTheSameCountsAndConsole() throws Exception {
        VirtualMachine first = guests.runToEnd(guests.create("first", guests.image("rings"), ""), SOON);
        VirtualMachine second = guests.runToEnd(guests.create("second", guests.image("rings"), ""), SOON);
        try {
            assertTrue(first.console().text().contains("rings: done"));
            assertEquals(first.console().text(), second.console().text());
            assertEquals(first.statistics().counters(), second.statistics().counters());
            assertEquals(first.statistics().retired(), second.statistics().retired());
            assertEquals(first.statistics().virtualNanos(), second.statistics().virtualNanos());
        } finally {
            first.close();
            second.close();
        }
    }

    @Test
    void nestedPagingLeavesPageFaultsAndPageTableEditsToTheGuest() throws Exception {
        VirtualMachine vm = guests.runToEnd(guests.create("nano", guests.image("nano"), "iterations=1000 warmup=10"), SOON);
        try {
            assertTrue(vm.console().text().contains("nano: done"));
            Map<String, Long> counters = vm.statistics().counters();
            assertTrue(counters.get("guest-page-faults") >= 1000, counters::toString);
            assertTrue(counters.getOrDefault("exit.exception", 0L) == 0, counters::toString);
        } finally {
            vm.close();
        }
    }

    @Test
    void aMachineThatIsPausedStandsStillAndGoesOn() throws Exception {
        VirtualMachine vm = guests.create("paused", guests.image("bench64"), "only=fib");
        try {
            vm.start();
            vm.pause();
            assertEquals(VmState.PAUSED, vm.state());
            long retired = vm.statistics().retired();
            assertEquals(retired, vm.statistics().retired());
            vm.inspect(inspection -> {
                inspection.step(1000);
                return null;
            });
            assertEquals(retired + 1000, vm.statistics().retired());
            vm.resume();
            assertTrue(vm.awaitEnd(SOON).orElseThrow().success());
        } finally {
            vm.close();
        }
    }

    @Test
    void whatIsNotOfferedIsRefusedInASentence() {
        Composition wish = new Composition("model", "para", "ept", "emul");
        assertFalse(guests.service(Composer.class).examine(wish).possible());
        VmException refusal = assertThrows(VmException.class, () -> guests.service(VirtualMachineManager.class).create(
            new proteus.api.vm.VmSpec("refused", wish, 64 << 20, 1, proteus.api.vm.VmSpec.Clock.COUNT, "max", true,
                new proteus.api.vm.VmSpec.BootSpec("x", new byte[0], new byte[0], ""), java.util.List.of())));
        assertTrue(refusal.getMessage().contains("'para' is not offered"), refusal.getMessage());
    }
}
