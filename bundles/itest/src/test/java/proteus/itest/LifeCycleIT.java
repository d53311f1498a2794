package proteus.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.WeakReference;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarInputStream;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import javax.inject.Inject;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.wiring.BundleWiring;
import org.osgi.framework.wiring.FrameworkWiring;
import org.osgi.service.cm.ConfigurationAdmin;
import proteus.api.compose.Composition;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VmEnd;
import proteus.api.vm.VmState;
import proteus.exam.PaxExamTest;

/** Bundles of techniques are stopped, updated, refreshed, uninstalled and configured under a guest that runs. */
@PaxExamTest
@ExamReactorStrategy(PerClass.class)
public class LifeCycleIT {
    private static final Composition SHADOW = new Composition("model", "hwassist", "shadow", "emul");
    private static final Duration SOON = Duration.ofSeconds(120);
    private static final String WORK = "iterations=3000 warmup=10";
    /** Bundles of techniques, and how often each is updated. */
    private static final Map<String, Integer> UPDATES = Map.of("proteus.mem.ept", 100, "proteus.cpu.hwassist", 20, "proteus.mem.shadow", 20);

    @Inject
    private BundleContext context;

    private int version;
    private VirtualMachine vm;

    @Configuration
    public Option[] image() {
        return new Option[] {Image.options()};
    }

    @AfterEach
    void closeTheVm() {
        if (vm != null) {
            vm.close();
        }
    }

    private Bundle bundle(String name) {
        return Arrays.stream(context.getBundles()).filter(bundle -> name.equals(bundle.getSymbolicName())).findFirst().orElseThrow();
    }

    private VirtualMachine guest(String work) {
        Guests guests = new Guests(context);
        vm = guests.create("live", Composition.DEFAULT, guests.image("nano"), work, ExecutionEngine.NATIVE);
        return vm;
    }

    private void await(String technique) throws Exception {
        Await.value(() -> vm.state() != VmState.PARKED && vm.composition().composition().memory().equals(technique) ? Optional.of(true) : Optional.empty(), SOON);
    }

    private void refresh(Bundle bundle) throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        context.getBundle(0).adapt(FrameworkWiring.class).refreshBundles(List.of(bundle), event -> done.countDown());
        assertTrue(done.await(60, TimeUnit.SECONDS), "the refresh takes too long");
    }

    /** The bundle's jar as a later version of it. */
    private InputStream next(Bundle bundle) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JarInputStream in = new JarInputStream(URI.create(bundle.getLocation()).toURL().openStream())) {
            Manifest manifest = in.getManifest();
            manifest.getMainAttributes().putValue("Bundle-Version", "100.0." + ++version);
            try (JarOutputStream out = new JarOutputStream(bytes, manifest)) {
                for (JarEntry entry = in.getNextJarEntry(); entry != null; entry = in.getNextJarEntry()) {
                    out.putNextEntry(new JarEntry(entry.getName()));
                    in.transferTo(out);
                }
            }
        }
        return new ByteArrayInputStream(bytes.toByteArray());
    }

    private void advance(long instructions) {
        vm.inspect(inside -> {
            inside.step(instructions);
            return null;
        });
    }

    /** Whatever happens to the bundles of a guest's hypervisor, it ends as it does when nothing happens. */
    @Test
    void aGuestEndsTheSameWhateverBecomesOfTheBundlesOfItsTechniques() throws Exception {
        Guests guests = new Guests(context);
        VirtualMachine untouched = guests.runToEnd(guest(WORK), SOON);
        long length = untouched.statistics().retired();
        String console = untouched.console().text();
        untouched.close();

        guest(WORK);
        Bundle ept = bundle("proteus.mem.ept");
        Bundle hwassist = bundle("proteus.cpu.hwassist");
        advance(length / 10);
        ept.stop();
        assertEquals("shadow", vm.composition().composition().memory());
        advance(length / 10);
        ept.start();
        await("ept");
        advance(length / 10);
        ept.update(next(ept));
        await("ept");
        assertEquals("100.0." + version, ept.getVersion().toString());
        advance(length / 10);
        hwassist.update(next(hwassist));
        await("ept");
        assertEquals("hwassist", vm.composition().composition().cpu());
        advance(length / 10);
        refresh(hwassist);
        await("ept");
        advance(length / 10);
        ept.uninstall();
        assertEquals("shadow", vm.composition().composition().memory());
        advance(length / 10);
        context.installBundle(ept.getLocation()).start();
        await("ept");
        assertEquals(VmState.PAUSED, vm.state());
        vm.resume();
        VmEnd end = vm.awaitEnd(SOON).orElseThrow();
        assertTrue(end.success(), end::message);
        assertEquals(length, vm.statistics().retired());
        assertEquals(console, vm.console().text());
    }

    /** A running guest has no technique for a moment, and then a new version of the one it had. */
    @Test
    void theOnlyTechniqueMayBeUpdatedWhileTheGuestRuns() throws Exception {
        Bundle shadow = bundle("proteus.mem.shadow");
        Bundle ept = bundle("proteus.mem.ept");
        guest("iterations=100000000 warmup=10").start();
        shadow.stop();
        try {
            ept.update(next(ept));
            await("ept");
            assertEquals(VmState.RUNNING, vm.state(), vm::reason);
            long retired = vm.statistics().retired();
            Await.value(() -> vm.statistics().retired() > retired ? Optional.of(true) : Optional.empty(), SOON);
        } finally {
            shadow.start();
        }
    }

    @Test
    void anotherConfigurationOfATechniqueReachesTheGuestThatUsesIt() throws Exception {
        guest("iterations=100000000 warmup=10").start();
        vm.swap(SHADOW, ExecutionEngine.NATIVE);
        int before = vm.handOvers().size();
        org.osgi.service.cm.Configuration configuration =
                context.getService(context.getServiceReference(ConfigurationAdmin.class)).getConfiguration("proteus.mem.shadow", "?");
        Dictionary<String, Object> naive = new Hashtable<>();
        naive.put("variant", "naive");
        configuration.update(naive);
        try {
            Await.value(() -> vm.handOvers().size() >= before + 2 ? Optional.of(true) : Optional.empty(), SOON);
            await("shadow");
            assertEquals(VmState.RUNNING, vm.state(), vm::reason);
        } finally {
            configuration.delete();
        }
    }

    @Test
    void aHundredUpdatesOfATechniqueLeaveNoClassLoaderBehind() throws Exception {
        guest("iterations=1000000000 warmup=10").start();
        for (String name : UPDATES.keySet()) {
            Bundle bundle = bundle(name);
            vm.swap(name.endsWith("shadow") ? SHADOW : Composition.DEFAULT, ExecutionEngine.NATIVE);
            String memory = vm.composition().composition().memory();
            List<WeakReference<ClassLoader>> loaders = new ArrayList<>();
            for (int i = 0; i < UPDATES.get(name); i++) {
                loaders.add(new WeakReference<>(bundle.adapt(BundleWiring.class).getClassLoader()));
                bundle.update(next(bundle));
                await(memory);
            }
            assertEquals(VmState.RUNNING, vm.state(), vm::reason);
            assertEquals("hwassist", vm.composition().composition().cpu());
            assertNotEquals(loaders.getLast().get(), bundle.adapt(BundleWiring.class).getClassLoader(), "an update loads the classes anew");
            long left = loaders.size();
            for (int round = 0; round < 20 && left > 0; round++) {
                System.gc();
                left = loaders.stream().filter(loader -> loader.get() != null).count();
            }
            assertEquals(0, left, "class loaders of " + name + " that were not collected");
        }
    }
}
