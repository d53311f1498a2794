package proteus.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import javax.inject.Inject;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;
import proteus.api.compose.Composition;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.GuestLoadException;
import proteus.api.vm.VirtualMachine;
import proteus.exam.PaxExamTest;

/**
 * A guest cannot tell the engines from each other, nor that translated code is thrown away under it: console and counts are those
 * of the interpreter. Where the native engine cannot run, it is the interpreter that is compared with itself.
 */
@PaxExamTest
@ExamReactorStrategy(PerClass.class)
public class EngineIT {
    private static final String STRESS = "proteus.translate.stress";
    private static final Composition KVM_2007 = new Composition("model", "hwassist", "shadow", "emul");

    @Inject
    private BundleContext context;

    @Configuration
    public Option[] image() {
        return new Option[] {Image.options()};
    }

    @AfterEach
    void calm() {
        System.clearProperty(STRESS);
    }

    /** What the guest printed, and what was counted exactly: misses of fetches are not (docs/performance.md). */
    private record Run(String console, long retired, Map<String, Long> counters) {}

    private Run run(String guest, Composition composition, ExecutionEngine engine, String append) throws InterruptedException {
        Guests guests = new Guests(context);
        GuestImage image;
        try {
            image = guests.image(guest);
        } catch (GuestLoadException e) {
            return abort(guest + " cannot be had here: " + e.getMessage());
        }
        VirtualMachine vm = guests.create(guest, composition, image, append, engine);
        try {
            guests.runToEnd(vm, Duration.ofMinutes(15));
            Map<String, Long> counters = new TreeMap<>(vm.statistics().counters());
            counters.keySet().removeIf(name -> name.startsWith("tlb-misses") || name.startsWith("walk-references"));
            return new Run(vm.console().text(), vm.statistics().retired(), counters);
        } finally {
            vm.close();
        }
    }

    private void same(String guest, Composition composition, String append) throws InterruptedException {
        Run interpreted = run(guest, composition, ExecutionEngine.INTERPRETER, append);
        Run translated = run(guest, composition, ExecutionEngine.AUTO, append);
        assertEquals(interpreted.console(), translated.console());
        assertEquals(interpreted.retired(), translated.retired());
        assertEquals(interpreted.counters(), translated.counters());
    }

    @Test
    void guestsOfTheKitAreTheSameWithEitherEngine() throws Exception {
        for (String guest : new String[] {"hello32", "hello64", "rings"}) {
            same(guest, Composition.DEFAULT, "");
            same(guest, KVM_2007, "");
        }
        same("nano", Composition.DEFAULT, "iterations=500 warmup=10");
        same("nano", KVM_2007, "iterations=500 warmup=10");
    }

    @Test
    void loopsOfSystemCallsFaultsAndSwitchesAreTheSame() throws Exception {
        same("bench32", Composition.DEFAULT, "only=syscall");
        same("bench64", Composition.DEFAULT, "only=syscall");
        same("bench64", Composition.DEFAULT, "only=pgfault");
        same("bench64", Composition.DEFAULT, "only=ctxswitch");
    }

    @Test
    void linuxIsTheSameWithEitherEngineAndUnderStress() throws Exception {
        String append = "proteus.end=poweroff";
        Run interpreted = run("debian-cloud-amd64", Composition.DEFAULT, ExecutionEngine.INTERPRETER, append);
        assertTrue(interpreted.console().contains("READY"), interpreted.console());
        assertEquals(interpreted, run("debian-cloud-amd64", Composition.DEFAULT, ExecutionEngine.AUTO, append));
        System.setProperty(STRESS, "evict=1000");
        assertEquals(interpreted, run("debian-cloud-amd64", Composition.DEFAULT, ExecutionEngine.AUTO, append));
        System.setProperty(STRESS, "overwrite=200");
        assertEquals(interpreted, run("debian-cloud-amd64", Composition.DEFAULT, ExecutionEngine.AUTO, append));
    }
}
