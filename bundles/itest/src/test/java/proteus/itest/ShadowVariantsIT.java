package proteus.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import java.time.Duration;
import java.util.Hashtable;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import javax.inject.Inject;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.service.cm.ConfigurationAdmin;
import proteus.api.compose.Composer;
import proteus.api.compose.Composition;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.GuestLoadException;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VmStatistics;
import proteus.exam.PaxExamTest;

/** The variants of shadow page tables run the same guests, at the exits that each one's idea says (experiment E9). */
@PaxExamTest
@ExamReactorStrategy(PerClass.class)
public class ShadowVariantsIT {
    private static final Composition KVM_2007 = new Composition("model", "hwassist", "shadow", "emul");
    private static final String PID = "proteus.mem.shadow";
    private static final Duration SOON = Duration.ofSeconds(120);
    private static final int MARK_END = 0x80;
    /** Touches of the guest {@code storm}, all in one page table. */
    private static final int PAGES = 256;

    @Inject
    private BundleContext context;

    @Configuration
    public Option[] image() {
        return new Option[] {Image.options()};
    }

    @AfterEach
    void usualVariant() throws Exception {
        configure("out-of-sync", 0);
    }

    private void configure(String variant, int frames) throws Exception {
        Guests guests = new Guests(context);
        Hashtable<String, Object> properties = new Hashtable<>(Map.of("variant", variant, "frames", frames));
        guests.service(ConfigurationAdmin.class).getConfiguration(PID, "?").update(properties);
        String filter = "(&(service.pid=%s)(variant=%s)(frames=%d))".formatted(PID, variant, frames);
        Await.value(() -> Optional.of(offered(filter)).filter(yes -> yes && guests.service(Composer.class).examine(KVM_2007).possible()), SOON);
    }

    private boolean offered(String filter) {
        try {
            return context.getServiceReferences((String) null, filter) != null;
        } catch (InvalidSyntaxException e) {
            throw new AssertionError(e);
        }
    }

    private VirtualMachine run(String variant, String guest, String append) throws Exception {
        Guests guests = new Guests(context);
        VirtualMachine vm = guests.create(guest + "-" + variant, KVM_2007, guests.image(guest), append);
        try {
            return guests.runToEnd(vm, SOON);
        } finally {
            vm.close();
        }
    }

    @Test
    void theGuestKitSeesNoDifference() throws Exception {
        for (String guest : new String[] {"hello32", "hello64", "rings", "storm"}) {
            configure("out-of-sync", 0);
            String usual = run("usual", guest, "").console().text();
            for (String variant : new String[] {"naive", "update-on-write"}) {
                configure(variant, 0);
                assertEquals(usual, run(variant, guest, "").console().text(), variant);
            }
        }
    }

    /** Three exits for each page: the fault that the guest sees, the write of its PTE, the touch again. */
    @Test
    void naiveTakesThreeExitsForAPage() throws Exception {
        eachFaultHasItsExits("naive", 3 * PAGES, 3 * PAGES);
    }

    /** The touch again finds the page. */
    @Test
    void updateOnWriteTakesTwo() throws Exception {
        eachFaultHasItsExits("update-on-write", 2 * PAGES, 2 * PAGES);
    }

    /** The first write of the table lets it go: one exit. What was not present is found at the touch again, what was by INVLPG. */
    @Test
    void outOfSyncTakesNoneForAWriteOfATable() throws Exception {
        eachFaultHasItsExits("out-of-sync", 2 * PAGES + 1, PAGES + 1);
    }

    private void eachFaultHasItsExits(String variant, long demand, long copy) throws Exception {
        configure(variant, 0);
        VirtualMachine vm = run(variant, "storm", "pages=" + PAGES);
        Map<String, Long> filled = between(vm, 1);
        Map<String, Long> copied = between(vm, 2);
        assertEquals(demand, filled.get("exit.exception"), filled::toString);
        assertEquals(PAGES, filled.get("true-faults"), filled::toString);
        assertEquals(0, filled.getOrDefault("exit.invlpg", 0L), filled::toString);
        assertEquals(copy, copied.get("exit.exception"), copied::toString);
        assertEquals(PAGES, copied.get("true-faults"), copied::toString);
        assertEquals(PAGES, copied.get("exit.invlpg"), copied::toString);
        boolean free = variant.equals("out-of-sync");
        assertEquals(free ? 0 : PAGES, filled.getOrDefault("pte-writes-emulated", 0L), filled::toString);
        assertEquals(free ? 1 : 0, filled.getOrDefault("shadow-unsyncs", 0L), filled::toString);
    }

    private static Map<String, Long> between(VirtualMachine vm, int mark) {
        Map<String, Long> difference = new TreeMap<>(counters(vm, mark | MARK_END));
        counters(vm, mark).forEach((counter, value) -> difference.merge(counter, -value, Long::sum));
        return difference;
    }

    private static Map<String, Long> counters(VirtualMachine vm, int mark) {
        return vm.statistics().marks().stream().filter(one -> one.value() == mark).map(VmStatistics.Mark::counters).findFirst().orElseThrow();
    }

    @Test
    void stockLinuxBootsUnderNaiveTracing() throws Exception {
        configure("naive", 0);
        boots("debian-cloud-amd64", "naive");
    }

    @Test
    void stockLinuxBootsUnderUpdateOnWrite() throws Exception {
        configure("update-on-write", 0);
        boots("debian-cloud-amd64", "update-on-write");
    }

    /** The shadow of a guest with processes does not fit into 24 frames: tables are made again and again, and the guest sees nothing of it. */
    @Test
    void aFrameBudgetIsKeptByReclaim() throws Exception {
        configure("out-of-sync", 24);
        VirtualMachine vm = boots("debian-cloud-amd64", "reclaim");
        assertTrue(vm.statistics().counters().get("shadow-reclaims") > 100, () -> vm.statistics().counters().toString());
    }

    private VirtualMachine boots(String name, String variant) throws Exception {
        Guests guests = new Guests(context);
        GuestImage image;
        try {
            image = guests.image(name);
        } catch (GuestLoadException e) {
            return abort(name + " cannot be had here: " + e.getMessage());
        }
        VirtualMachine vm = guests.create(name + "-" + variant, KVM_2007, image, "", ExecutionEngine.AUTO);
        try {
            vm.console().typeAfter("READY", "echo answer-$((6*7)); poweroff -f\n");
            guests.runToEnd(vm, Duration.ofMinutes(15));
            assertTrue(vm.console().text().contains("answer-42"), vm.console().text());
            return vm;
        } finally {
            vm.close();
        }
    }
}
