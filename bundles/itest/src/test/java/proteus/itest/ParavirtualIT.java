package proteus.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
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
import proteus.api.vm.GuestAbi;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.GuestLoadException;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VmEnd;
import proteus.exam.PaxExamTest;

/** Xen's paravirtual interface under the stock Debian kernel, and what is said to guests and compositions that do not fit. */
@PaxExamTest
@ExamReactorStrategy(PerClass.class)
public class ParavirtualIT {
    private static final Composition XEN_2003 = new Composition("model", "para", Composition.usualMemory("para"), "emul");

    @Inject
    private BundleContext context;

    @Configuration
    public Option[] image() {
        return new Option[] {Image.options()};
    }

    @Test
    void theStockKernelReachesAShellAndAnswers() throws Exception {
        Guests guests = new Guests(context);
        GuestImage image;
        try {
            image = guests.image("debian-amd64");
        } catch (GuestLoadException e) {
            abort("debian-amd64 cannot be had here: " + e.getMessage());
            return;
        }
        VirtualMachine vm = guests.create("xen", XEN_2003, image, "", ExecutionEngine.AUTO);
        try {
            vm.console().typeAfter("READY", "dmesg | grep -i hypervisor; echo answer-$((6*7)) on $(tty) of $(uname -m); sleep 1; poweroff -f\n");
            guests.runToEnd(vm, Duration.ofMinutes(15));
            assertEquals(VmEnd.Kind.POWER_OFF, vm.awaitEnd(Duration.ZERO).orElseThrow().kind());
            String text = vm.console().text();
            assertTrue(text.contains("Hypervisor detected: Xen PV"), text);
            assertTrue(text.contains("answer-42 on /dev/"), text);
            assertTrue(text.contains("of x86_64"), text);
            Map<String, Long> counters = vm.statistics().counters();
            for (String counter : new String[] {"hypercall.mmu-update", "hypercall.multicall", "hypercall.iret", "bounced-system-calls", "event-upcalls", "pte-writes-emulated"}) {
                assertTrue(counters.getOrDefault(counter, 0L) > 0, () -> counter + " of " + counters);
            }
            assertEquals(0L, counters.getOrDefault("port-accesses", 0L), "a domain has no devices");
        } finally {
            vm.close();
        }
    }

    @Test
    void theKernelsOfTheKitRunUnderBothEngines() throws Exception {
        Guests guests = new Guests(context);
        String wide = console(guests, "pv64", ExecutionEngine.INTERPRETER);
        assertTrue(wide.endsWith("pv64: done\n"), wide);
        assertTrue(wide.contains("ring 3"), wide);
        assertTrue(wide.contains("user    100 system calls, answer 100, 1 privileged instruction and 1 read of the kernel refused"), wide);
        assertEquals(wide, console(guests, "pv64", ExecutionEngine.AUTO));
        String narrow = console(guests, "pv32", ExecutionEngine.INTERPRETER);
        assertTrue(narrow.contains("ring 1"), narrow);
        assertEquals(wide, narrow.replace("pv32", "pv64").replace("x86_32p", "x86_64").replace("ring 1", "ring 3"));
        assertEquals(narrow, console(guests, "pv32", ExecutionEngine.AUTO));
    }

    private static String console(Guests guests, String name, ExecutionEngine engine) throws Exception {
        VirtualMachine vm = guests.create(name, XEN_2003, guests.image(name), "", engine);
        try {
            return guests.runToEnd(vm, Duration.ofMinutes(2)).console().text().replace("\r", "");
        } finally {
            vm.close();
        }
    }

    /** The law of batching: as many entries as there are batches, whatever is in them. */
    @Test
    void batchesDivideTheHypercalls() throws Exception {
        batchesDivide("mmu_update", "hypercall.mmu-update");
        batchesDivide("multicall", "hypercall.multicall");
    }

    private void batchesDivide(String by, String counter) throws Exception {
        int pages = 1000, batch = 64;
        Map<String, Long> single = counters(by, pages, 1), batched = counters(by, pages, batch);
        assertEquals(pages - (pages + batch - 1) / batch, single.get(counter) - batched.get(counter));
        assertEquals(pages - (pages + batch - 1) / batch, single.get("hypercalls") - batched.get("hypercalls"));
        assertEquals(single.get("page-table-updates"), batched.get("page-table-updates"));
        assertEquals(single.getOrDefault("batched-calls", 0L), batched.getOrDefault("batched-calls", 0L), "each call is counted inside its batch too");
    }

    private Map<String, Long> counters(String by, int pages, int batch) throws Exception {
        Guests guests = new Guests(context);
        VirtualMachine vm = guests.create("batch", XEN_2003, guests.image("pv64"), "by=%s pages=%d batch=%d".formatted(by, pages, batch));
        try {
            return guests.runToEnd(vm, Duration.ofMinutes(2)).statistics().counters();
        } finally {
            vm.close();
        }
    }

    @Test
    void aKernelOfADomainIsNoGuestOfAPc() {
        Guests guests = new Guests(context);
        GuestLoadException refusal = assertThrows(GuestLoadException.class, () -> guests.create("pv64", guests.image("pv64"), ""));
        assertTrue(refusal.getMessage().contains("--cpu para"), refusal.getMessage());
    }

    @Test
    void aKernelThatWasNotMadeForItIsRefusedInOneSentence() {
        Guests guests = new Guests(context);
        GuestLoadException refusal = assertThrows(GuestLoadException.class, () -> guests.create("hello", XEN_2003, guests.image("hello64"), ""));
        assertTrue(refusal.getMessage().contains("XEN_ELFNOTE_ENTRY"), refusal.getMessage());
    }

    @Test
    void whatDoesNotFitIsRefusedWithTheReason() {
        Composer composer = new Guests(context).service(Composer.class);
        assertEquals(GuestAbi.XEN_PV, composer.abi(XEN_2003));
        assertTrue(composer.examine(XEN_2003).possible());
        for (Composition wish : new Composition[] {
            new Composition("model", "para", "ept", "emul"), new Composition("model", "para", "shadow", "virtio"), new Composition("model", "hwassist", "direct", "emul")
        }) {
            CompositionReport report = composer.examine(wish);
            assertFalse(report.possible(), wish::toString);
            assertTrue(report.findings().getFirst().contains("take '"), () -> report.findings().toString());
        }
    }
}
