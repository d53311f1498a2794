package proteus.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import proteus.api.compose.Composer;
import proteus.api.compose.Composition;
import proteus.api.compose.CompositionReport;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.GuestLoadException;
import proteus.api.vm.VirtualMachine;
import proteus.exam.PaxExamTest;

/** Guests see no difference between full virtualization without VMX and hardware assistance. */
@PaxExamTest
@ExamReactorStrategy(PerClass.class)
public class FullIT {
    private static final Composition VMWARE_1999 = new Composition("model", "full", "shadow", "emul");
    private static final Duration SOON = Duration.ofSeconds(300);

    @Inject
    private BundleContext context;

    @Configuration
    public Option[] image() {
        return new Option[] {Image.options()};
    }

    /** What a guest printed, and what was counted. */
    private record Run(String console, Map<String, Long> counters) {
        long count(String label) {
            return counters.getOrDefault(label, 0L);
        }
    }

    private Run run(Composition composition, String guest, String append, ExecutionEngine engine) throws InterruptedException {
        Guests guests = new Guests(context);
        VirtualMachine vm = guests.create(guest + "-" + composition.cpu(), composition, guests.image(guest), append, engine);
        try {
            guests.runToEnd(vm, SOON);
            return new Run(vm.console().text(), vm.statistics().counters());
        } finally {
            vm.close();
        }
    }

    private Run full(String guest, String append) throws InterruptedException {
        return run(VMWARE_1999, guest, append, ExecutionEngine.INTERPRETER);
    }

    private Run assisted(String guest, String append) throws InterruptedException {
        return run(Composition.DEFAULT, guest, append, ExecutionEngine.INTERPRETER);
    }

    @Test
    void a32BitKernelInRing1BelievesToBeInRing0() throws Exception {
        believesToBeInRing0("hello32");
    }

    @Test
    void a64BitKernelInRing3BelievesToBeInRing0() throws Exception {
        believesToBeInRing0("hello64");
    }

    private void believesToBeInRing0(String guest) throws Exception {
        Run full = full(guest, "");
        assertEquals(assisted(guest, "").console(), full.console());
        assertTrue(full.count("translations") > 0 && full.count("chains") > 0 && full.count("callouts") > 0, () -> full.counters().toString());
        assertEquals(0, full.count("walk-references-nested"));
    }

    @Test
    void theSameRunIsTheSameWithTranslatedSilicon() throws Exception {
        Run interpreted = full("hello64", "");
        Run nativ = run(VMWARE_1999, "hello64", "", ExecutionEngine.AUTO);
        assertEquals(interpreted.console(), nativ.console());
        assertEquals(interpreted.count("instructions"), nativ.count("instructions"));
        assertEquals(interpreted.count("callouts"), nativ.count("callouts"));
    }

    @Test
    void everySensitiveInstructionInAnyRingGivesWhatItGivesUnderHardwareAssistance() throws Exception {
        assertEquals(assisted("rings", "").console(), full("rings", "").console());
    }

    @Test
    void a64BitUserWithInterruptsDisabledRunsDirectly() throws Exception {
        Run full = run(VMWARE_1999, "bench64", "only=collatz,syscall,pgfault", ExecutionEngine.AUTO);
        assertEquals(run(Composition.DEFAULT, "bench64", "only=collatz,syscall,pgfault", ExecutionEngine.AUTO).console(), full.console());
        assertTrue(full.count("emulated-instructions") < full.count("instructions") / 10, () -> full.counters().toString());
    }

    @Test
    void withNestedPagingItIsRefusedWithTheReason() {
        CompositionReport report = new Guests(context).service(Composer.class).examine(new Composition("model", "full", "ept", "emul"));
        assertFalse(report.possible());
        assertTrue(report.findings().stream().anyMatch(finding -> finding.contains("needs memory technique 'shadow'")), () -> report.findings().toString());
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
        VirtualMachine vm = guests.create(name + "-full", VMWARE_1999, image, "", ExecutionEngine.AUTO);
        try {
            vm.console().typeAfter("READY", "echo answer-$((6*7)) on $(uname -m); poweroff -f\n");
            guests.runToEnd(vm, Duration.ofMinutes(45));
            assertTrue(vm.console().text().contains("answer-42 on " + machine), vm.console().text());
        } finally {
            vm.close();
        }
    }
}
