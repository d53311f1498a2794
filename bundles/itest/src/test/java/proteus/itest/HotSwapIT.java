package proteus.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToIntFunction;
import javax.inject.Inject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.wiring.FrameworkWiring;
import org.osgi.service.cm.ConfigurationAdmin;
import proteus.api.compose.Composer;
import proteus.api.compose.Composition;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.vm.DeviceSetting;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.GuestLoadException;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmEnd;
import proteus.api.vm.VmShape;
import proteus.api.vm.VmState;
import proteus.exam.PaxExamTest;

/** Techniques change under a live guest: on request, and because their bundles come and go. */
@PaxExamTest
@ExamReactorStrategy(PerClass.class)
public class HotSwapIT {
    private static final Composition SHADOW = new Composition("model", "hwassist", "shadow", "emul");
    private static final Duration SOON = Duration.ofSeconds(120);

    @Inject
    private BundleContext context;

    @Inject
    private VirtualMachineManager machines;

    @TempDir
    private Path directory;

    @Configuration
    public Option[] image() {
        return new Option[] {Image.options()};
    }

    /** Exit status of a program of the launcher. */
    private int program(String name, String... arguments) throws Exception {
        Collection<ServiceReference<ToIntFunction>> found = context.getServiceReferences(ToIntFunction.class, "(proteus.command=" + name + ")");
        @SuppressWarnings("unchecked")
        ToIntFunction<String[]> program = context.getService(found.iterator().next());
        return program.applyAsInt(arguments);
    }

    private void storms(String... arguments) throws Exception {
        Path result = directory.resolve("storm.json");
        String[] all = Arrays.copyOf(arguments, arguments.length + 2);
        all[arguments.length] = "--json";
        all[arguments.length + 1] = result.toString();
        int status = program("storm", all);
        assertEquals(0, status, () -> {
            try {
                return Files.readString(result);
            } catch (java.io.IOException e) {
                return "no result";
            }
        });
    }

    @Test
    void aGuestInAllRingsCannotTellAThousandHandOvers() throws Exception {
        storms("--guest", "rings", "--swaps", "1000", "--seed", "7");
    }

    @Test
    void aGuestWithFaultsSystemCallsAndPagingCannotTellAThousandHandOvers() throws Exception {
        storms("--guest", "nano", "--append", "iterations=1000 warmup=10", "--swaps", "1000", "--seed", "11");
    }

    @Test
    void aGuestCannotTellThatItMovesBetweenTwoMachines() throws Exception {
        storms("--guest", "nano", "--append", "iterations=200 warmup=10", "--swaps", "300", "--seed", "5", "--edges", "silicon,mem,host", "--engine", "native",
                "--set", "proteus.silicon~second:memory_mib=512");
    }

    @Test
    void twoHypervisorsAndEnginesAreEqualStrideForStride() throws Exception {
        Path result = directory.resolve("diff.json");
        assertEquals(0, program("diff", "--guest", "nano", "--append", "iterations=200 warmup=10", "--mem", "ept,shadow", "--engine", "native,interpreter", "--every", "5000", "--json", result.toString()));
        assertTrue(Files.readString(result).contains("\"equal\": true"));
    }

    @Test
    void theFirstInstructionThatDiffersIsFound() throws Exception {
        Path result = directory.resolve("diff.json");
        assertEquals(1, program("diff", "--guest", "hello64", "--model", "max,qemu64", "--json", result.toString()));
        String found = Files.readString(result);
        assertTrue(found.contains(": cpuid\""), found);
        java.util.regex.Matcher counts = java.util.regex.Pattern.compile("\"equalAfter\": (\\d+),\\s+\"differentAfter\": (\\d+)").matcher(found);
        assertTrue(counts.find(), found);
        assertEquals(Long.parseLong(counts.group(1)) + 1, Long.parseLong(counts.group(2)));
    }

    @Test
    void linuxCountsOnWhileItsHypervisorChanges() throws Exception {
        Guests guests = new Guests(context);
        GuestImage image;
        try {
            image = guests.image("debian-cloud-amd64");
        } catch (GuestLoadException e) {
            abort("debian-cloud-amd64 cannot be had here: " + e.getMessage());
            return;
        }
        VirtualMachine vm = guests.create("counting", Composition.DEFAULT, image, "", ExecutionEngine.NATIVE);
        try {
            vm.console().typeAfter("READY", "i=0; while [ $i -lt 2000 ]; do echo n=$i; i=$((i+1)); done; dmesg | grep -c -i -e oops -e bug: -e lockup; poweroff -f\n");
            vm.start();
            anotherMachine("third");
            List<String> silicons = List.of("model", "third");
            List<String> memories = List.of("ept", "shadow");
            List<ExecutionEngine> engines = List.of(ExecutionEngine.INTERPRETER, ExecutionEngine.NATIVE);
            Await.value(() -> vm.console().text().contains("n=1\r") ? java.util.Optional.of(true) : java.util.Optional.empty(), Duration.ofMinutes(10));
            vm.pause();
            int before = vm.console().text().length();
            for (int swaps = 1; swaps <= 100; swaps++) {
                advance(vm, 100_000);
                // counts through all shapes, the memory technique changing each time
                vm.swap(new VmShape(
                        new Composition(silicons.get(swaps >> 4 & 1), "hwassist", memories.get(swaps & 1), "emul"),
                        engines.get(swaps >> 1 & 1),
                        DeviceSetting.Host.values()[swaps >> 2 & 1]));
            }
            assertTrue(vm.console().text().length() > before + 1000, "it counts while it is handed over");
            assertTrue(!vm.console().text().contains("n=1999"), "and has not finished before the last hand-over");
            vm.resume();
            VmEnd end = vm.awaitEnd(Duration.ofMinutes(10)).orElseThrow();
            assertEquals(VmEnd.Kind.POWER_OFF, end.kind(), end::message);
            List<String> lines = vm.console().text().replace("\r", "").lines().filter(line -> line.matches("n=[0-9]+")).toList();
            for (int i = 0; i < 2000; i++) {
                assertEquals("n=" + i, lines.get(i));
            }
            assertTrue(vm.console().text().replace("\r", "").contains("n=1999\n0\n"), "dmesg tells of trouble");
        } finally {
            vm.close();
        }
    }

    /** Another modelled machine to run on. */
    private void anotherMachine(String name) throws Exception {
        ConfigurationAdmin admin = context.getService(context.getServiceReference(ConfigurationAdmin.class));
        Dictionary<String, Object> settings = new Hashtable<>();
        settings.put("memory_mib", 1024);
        admin.getFactoryConfiguration("proteus.silicon", name, "?").update(settings);
        Composer composer = context.getService(context.getServiceReference(Composer.class));
        Await.value(() -> composer.silicons().contains(name) ? java.util.Optional.of(true) : java.util.Optional.empty(), SOON);
    }

    @Test
    void aSnapshotGoesOnUnderOtherTechniquesAsIfNothingHadHappened() throws Exception {
        Guests guests = new Guests(context);
        GuestImage image = guests.image("nano");
        Path file = directory.resolve("nano.snapshot");
        VirtualMachine untouched = guests.create("untouched", Composition.DEFAULT, image, "iterations=300 warmup=50");
        guests.runToEnd(untouched, SOON);
        long length = untouched.statistics().retired();
        String console = untouched.console().text();
        untouched.close();
        for (int part = 1; part < 6; part++) {
            long moment = length * part / 6;
            VirtualMachine saved = guests.create("saved", Composition.DEFAULT, image, "iterations=300 warmup=50");
            saved.inspect(inside -> {
                inside.step(moment);
                return null;
            });
            saved.snapshot(file);
            saved.close();
            VirtualMachine restored = machines.restore(file, spec -> spec.on(SHADOW, ExecutionEngine.NATIVE));
            try {
                assertEquals(moment, restored.statistics().retired());
                restored.resume();
                VmEnd end = restored.awaitEnd(SOON).orElseThrow();
                assertTrue(end.success(), end::message);
                assertEquals(length, restored.statistics().retired());
                assertEquals(console, restored.console().text());
            } finally {
                restored.close();
            }
        }
    }

    /** What a hand-over leaves behind is as cold as a machine that has just been restored in that shape: counter by counter, interval by interval. */
    @Test
    void afterAHandOverTheCountersAreThoseOfAColdStart() throws Exception {
        Guests guests = new Guests(context);
        GuestImage image = guests.image("nano");
        Path file = directory.resolve("cold.snapshot");
        for (Composition to : List.of(SHADOW, Composition.DEFAULT)) {
            VirtualMachine vm = guests.create("warm", to.equals(SHADOW) ? Composition.DEFAULT : SHADOW, image, "iterations=3000 warmup=50");
            advance(vm, 30_000);
            vm.snapshot(file);
            vm.swap(to, ExecutionEngine.INTERPRETER);
            VirtualMachine cold = machines.restore(file, spec -> spec.named("cold").on(to, ExecutionEngine.INTERPRETER));
            try {
                for (int interval = 0; interval < 12; interval++) {
                    assertEquals(counted(cold, 5_000), counted(vm, 5_000), to + ", interval " + interval);
                }
            } finally {
                cold.close();
                vm.close();
            }
        }
    }

    private static void advance(VirtualMachine vm, long instructions) {
        vm.inspect(inside -> {
            inside.step(instructions);
            return null;
        });
    }

    /** What is counted during so many instructions. */
    private static Map<String, Long> counted(VirtualMachine vm, long instructions) {
        Map<String, Long> before = vm.statistics().counters();
        advance(vm, instructions);
        Map<String, Long> during = new TreeMap<>();
        vm.statistics().counters().forEach((name, count) -> {
            long more = count - before.getOrDefault(name, 0L);
            if (more != 0) {
                during.put(name, more);
            }
        });
        return during;
    }

    @Test
    void linuxGoesOnFromASnapshotOfItsShell() throws Exception {
        Guests guests = new Guests(context);
        GuestImage image;
        try {
            image = guests.image("debian-cloud-amd64");
        } catch (GuestLoadException e) {
            abort("debian-cloud-amd64 cannot be had here: " + e.getMessage());
            return;
        }
        Path file = directory.resolve("linux.snapshot");
        VirtualMachine saved = guests.create("booted", Composition.DEFAULT, image, "");
        try {
            saved.start();
            Await.value(() -> saved.console().text().contains("READY") ? java.util.Optional.of(true) : java.util.Optional.empty(), Duration.ofMinutes(10));
            saved.snapshot(file);
        } finally {
            saved.close();
        }
        VirtualMachine restored = machines.restore(file, spec -> spec.on(SHADOW, ExecutionEngine.NATIVE));
        try {
            restored.console().type("echo answer-$((6*7)) after $(dmesg | grep -c -i -e oops -e bug:); poweroff -f\n");
            restored.resume();
            VmEnd end = restored.awaitEnd(Duration.ofMinutes(10)).orElseThrow();
            assertEquals(VmEnd.Kind.POWER_OFF, end.kind(), end::message);
            assertTrue(restored.console().text().contains("answer-42 after 0"), restored.console()::text);
        } finally {
            restored.close();
        }
    }

    @Test
    void aGuestOutlivesTheBundlesOfItsTechniques() throws Exception {
        Guests guests = new Guests(context);
        VirtualMachine vm = guests.create("outliving", Composition.DEFAULT, guests.image("nano"), "iterations=30000 warmup=10");
        Bundle ept = bundle("proteus.mem.ept");
        Bundle shadow = bundle("proteus.mem.shadow");
        try {
            vm.start();
            ept.stop();
            assertEquals(VmState.RUNNING, vm.state(), vm::reason);
            assertEquals("shadow", vm.composition().composition().memory());
            shadow.stop();
            assertEquals(VmState.PARKED, vm.state());
            assertTrue(vm.reason().contains("state is safe"), vm::reason);
            long retired = vm.statistics().retired();
            ept.start();
            Await.value(() -> vm.statistics().retired() > retired ? java.util.Optional.of(true) : java.util.Optional.empty(), SOON);
            assertEquals("ept", vm.composition().composition().memory());
            shadow.start();
            ept.update();
            refresh(ept);
            Await.value(() -> vm.composition().composition().memory().equals("ept") ? java.util.Optional.of(true) : java.util.Optional.empty(), SOON);
            assertEquals(VmState.RUNNING, vm.state(), vm::reason);
            VmEnd end = vm.awaitEnd(SOON).orElseThrow();
            assertTrue(end.success(), end::message);
        } finally {
            vm.close();
            ept.start();
            shadow.start();
        }
    }

    private void refresh(Bundle bundle) throws InterruptedException {
        java.util.concurrent.CountDownLatch done = new java.util.concurrent.CountDownLatch(1);
        context.getBundle(0).adapt(FrameworkWiring.class).refreshBundles(List.of(bundle), event -> done.countDown());
        assertTrue(done.await(60, java.util.concurrent.TimeUnit.SECONDS), "the refresh takes too long");
    }

    private Bundle bundle(String name) {
        return Arrays.stream(context.getBundles()).filter(bundle -> name.equals(bundle.getSymbolicName())).findFirst().orElseThrow();
    }
}
