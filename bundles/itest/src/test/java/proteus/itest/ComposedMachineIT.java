package proteus.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import javax.inject.Inject;
import org.junit.jupiter.api.Test;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.service.cm.ConfigurationAdmin;
import proteus.api.compose.Composer;
import proteus.api.compose.Composition;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmEnd;
import proteus.api.vm.VmState;
import proteus.exam.PaxExamTest;

/** A VM that exists because a configuration says so: composed of the bundles of the image, running a guest of the kit. */
@PaxExamTest
@ExamReactorStrategy(PerClass.class)
public class ComposedMachineIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @Inject
    private BundleContext context;

    @Inject
    private ConfigurationAdmin configurations;

    @Inject
    private VirtualMachineManager machines;

    @Inject
    private Composer composer;

    @Configuration
    public Option[] image() {
        return new Option[] {Image.options()};
    }

    private org.osgi.service.cm.Configuration configure(String name, Map<String, Object> settings) throws IOException {
        org.osgi.service.cm.Configuration configuration = configurations.getFactoryConfiguration("proteus.vm", name, "?");
        Dictionary<String, Object> properties = new Hashtable<>(settings);
        configuration.update(properties);
        return configuration;
    }

    private VirtualMachine await(String name) {
        return Await.value(() -> machines.find(name), PATIENCE);
    }

    private void awaitGone(String name) {
        Await.value(() -> machines.find(name).isPresent() ? Optional.empty() : Optional.of(true), PATIENCE);
    }

    @Test
    void aConfigurationComposesAVmAndBootsItsGuest() throws Exception {
        org.osgi.service.cm.Configuration configuration = configure("hello", Map.of("guest", "hello64", "memory", "16M"));
        VirtualMachine vm = await("hello");
        VmEnd end = vm.awaitEnd(PATIENCE).orElseThrow();
        assertEquals(VmEnd.Kind.DEBUG_EXIT, end.kind(), end::message);
        assertEquals(0, end.status());
        assertTrue(vm.console().text().contains("64-bit long mode"), vm.console()::text);
        assertEquals("hwassist + ept + emul on model", vm.spec().composition().toString());

        Map<String, Long> counters = vm.statistics().counters();
        assertTrue(counters.get("exit.io-instruction") > 100, counters::toString);
        assertTrue(counters.get("exit.cpuid") > 0, counters::toString);
        assertTrue(counters.get("pages-mapped") > 0, counters::toString);
        assertEquals(counters.get("pages-mapped"), counters.get("hidden-faults"));
        assertEquals(vm.statistics().retired(), counters.get("instructions"));

        configuration.delete();
        awaitGone("hello");
    }

    @Test
    void theSameRunCountsTheSame() throws Exception {
        configure("once", Map.of("guest", "rings"));
        configure("again", Map.of("guest", "rings"));
        VirtualMachine once = await("once");
        VirtualMachine again = await("again");
        assertTrue(once.awaitEnd(PATIENCE).orElseThrow().success(), once::reason);
        assertTrue(again.awaitEnd(PATIENCE).orElseThrow().success(), again::reason);
        assertEquals(once.console().text(), again.console().text());
        assertEquals(once.statistics().counters(), again.statistics().counters());
        assertEquals(once.statistics().virtualNanos(), again.statistics().virtualNanos());
        once.close();
        again.close();
    }

    @Test
    void techniquesWithoutABundleAreNotOffered() {
        Map<Boolean, Set<String>> techniques = composer.techniques().stream()
                .collect(Collectors.partitioningBy(Composer.TechniqueStatus::offered, Collectors.mapping(Composer.TechniqueStatus::name, Collectors.toSet())));
        assertTrue(techniques.get(true).containsAll(List.of("hwassist", "ept", "emul")), techniques::toString);
        for (String missing : techniques.get(false)) {
            assertFalse(composer.examine(new Composition("model", missing, missing, missing)).possible());
        }
    }

    @Test
    void stoppingATechniquesBundleHandsItsVmsToAnotherUntilItIsBack() throws Exception {
        org.osgi.service.cm.Configuration configuration = configure("moved", Map.of("guest", "hello32", "autostart", false));
        VirtualMachine vm = await("moved");
        Bundle bundle = bundle("proteus.mem.ept");
        bundle.stop();
        try {
            assertEquals(VmState.CREATED, vm.state());
            assertEquals("shadow", vm.composition().composition().memory());
            assertFalse(composer.examine(Composition.DEFAULT).possible());
        } finally {
            bundle.start();
        }
        assertEquals(Composition.DEFAULT, vm.composition().composition());
        configuration.delete();
        awaitGone("moved");
    }

    private Bundle bundle(String name) throws BundleException {
        for (Bundle bundle : context.getBundles()) {
            if (name.equals(bundle.getSymbolicName())) {
                return bundle;
            }
        }
        throw new BundleException("no bundle " + name);
    }
}
