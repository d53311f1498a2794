package proteus.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import java.time.Duration;
import java.util.Map;
import javax.inject.Inject;
import org.junit.jupiter.api.Test;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;
import proteus.api.compose.Composition;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.GuestLoadException;
import proteus.api.vm.VirtualMachine;
import proteus.exam.PaxExamTest;

/** Guests see no difference between shadow page tables and nested paging; the counters do. */
@PaxExamTest
@ExamReactorStrategy(PerClass.class)
public class ShadowIT {
    private static final Composition KVM_2007 = new Composition("model", "hwassist", "shadow", "emul");
    private static final Duration SOON = Duration.ofSeconds(120);

    @Inject
    private BundleContext context;

    @Configuration
    public Option[] image() {
        return new Option[] {Image.options()};
    }

    /** What a guest printed, and what was counted. */
    private record Run(String console, Map<String, Long> counters) {}

    private Run run(Composition composition, String guest, String append) throws InterruptedException {
        Guests guests = new Guests(context);
        VirtualMachine vm = guests.create(guest + "-" + composition.memory(), composition, guests.image(guest), append);
        try {
            guests.runToEnd(vm, SOON);
            return new Run(vm.console().text(), vm.statistics().counters());
        } finally {
            vm.close();
        }
    }

    @Test
    void theConsoleOfA32BitGuestIsTheSame() throws Exception {
        theConsoleIsTheSame("hello32");
    }

    @Test
    void theConsoleOfA64BitGuestIsTheSame() throws Exception {
        theConsoleIsTheSame("hello64");
    }

    @Test
    void theConsoleOfAGuestInAllRingsIsTheSame() throws Exception {
        theConsoleIsTheSame("rings");
    }

    private void theConsoleIsTheSame(String guest) throws Exception {
        Run nested = run(Composition.DEFAULT, guest, "");
        Run shadow = run(KVM_2007, guest, "");
        assertEquals(nested.console(), shadow.console());
        assertTrue(shadow.counters().get("hidden-faults") > 0, () -> shadow.counters().toString());
        assertEquals(0L, shadow.counters().getOrDefault("walk-references-nested", 0L));
    }

    @Test
    void everyPageFaultOfTheGuestIsATrueFaultThatComesByTheVmm() throws Exception {
        Run nested = run(Composition.DEFAULT, "nano", "iterations=1000 warmup=10");
        Run shadow = run(KVM_2007, "nano", "iterations=1000 warmup=10");
        assertEquals(nested.console(), shadow.console());
        assertEquals(nested.counters().get("guest-page-faults"), shadow.counters().get("true-faults"));
        assertEquals(0L, shadow.counters().getOrDefault("guest-page-faults", 0L));
    }

    @Test
    void theAmd64CloudKernelReachesAShellAndAnswers() throws Exception {
        boots("debian-cloud-amd64", "x86_64");
    }

    @Test
    void the686KernelReachesAShellAndAnswers() throws Exception {
        boots("debian-686", "i686");
    }

    private void boots(String name, String machine) throws Exception {
        Guests guests = new Guests(context);
        GuestImage image;
        try {
            image = guests.image(name);
        } catch (GuestLoadException e) {
            abort(name + " cannot be had here: " + e.getMessage());
            return;
        }
        VirtualMachine vm = guests.create(name + "-shadow", KVM_2007, image, "");
        try {
            vm.console().typeAfter("READY", "echo answer-$((6*7)) on $(uname -m); poweroff -f\n");
            guests.runToEnd(vm, Duration.ofMinutes(15));
            assertTrue(vm.console().text().contains("answer-42 on " + machine), vm.console().text());
            assertTrue(vm.statistics().counters().get("shadow-root-hits") > 0);
        } finally {
            vm.close();
        }
    }
}
