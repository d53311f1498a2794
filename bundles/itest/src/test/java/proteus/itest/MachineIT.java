package proteus.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Map;
import javax.inject.Inject;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VmState;
import proteus.exam.PaxExamTest;

/** What virtual machines do and what their techniques count, on guests of the kit. */
@PaxExamTest
@ExamReactorStrategy(PerClass.class)
public class MachineIT {
    private static final Duration SOON = Duration.ofSeconds(120);

    @Inject
    private BundleContext context;

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
}
