package proteus.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import javax.inject.Inject;
import org.junit.jupiter.api.Test;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;
import proteus.api.compose.Composition;
import proteus.api.io.Transport;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.vm.DeviceSetting;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.GuestLoadException;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmSpec;
import proteus.exam.PaxExamTest;

/** Native or hosted: the guest sees no difference, the counters do. */
@PaxExamTest
@ExamReactorStrategy(PerClass.class)
public class HostedIT {
    private static final Set<String> OF_THE_HOST = Set.of("world-switches", "host-process-runs", "host-syscalls", "bounced-interrupts");

    @Inject
    private BundleContext context;

    @Configuration
    public Option[] image() {
        return new Option[] {Image.options()};
    }

    private record Run(String console, long retired, Map<String, Long> counters) {
        long count(String name) {
            return counters.getOrDefault(name, 0L);
        }

        Map<String, Long> besidesTheHost() {
            Map<String, Long> rest = new TreeMap<>(counters);
            rest.keySet().removeAll(OF_THE_HOST);
            // The silicon remembers which frames held code, also of a VM before, and translates stores to them anew each time.
            rest.keySet().removeIf(name -> name.startsWith("tlb-") || name.startsWith("walk-"));
            return rest;
        }
    }

    private Run run(DeviceSetting.Host host, Composition composition, String guest, ExecutionEngine engine, String typed) throws Exception {
        Guests guests = new Guests(context);
        GuestImage image;
        try {
            image = guests.image(guest);
        } catch (GuestLoadException e) {
            return abort(guest + " cannot be had here: " + e.getMessage());
        }
        VirtualMachine vm = guests.service(VirtualMachineManager.class).create(new VmSpec(guest + "-" + host, composition, image.info().memoryBytes(), 1,
                VmSpec.Clock.COUNT, "max", true, new VmSpec.BootSpec(image.info().name(), image.kernel(), image.initrd(), image.commandLine()), List.of(),
                engine, VmSpec.Reboot.EXIT, new DeviceSetting(Transport.PCI, host)));
        try {
            if (!typed.isEmpty()) {
                vm.console().typeAfter("proteus# ", typed + "\n");
            }
            guests.runToEnd(vm, Duration.ofMinutes(10));
            return new Run(vm.console().text(), vm.statistics().retired(), vm.statistics().counters());
        } finally {
            vm.close();
        }
    }

    private static void agree(Run nativeHost, Run hosted) {
        assertEquals(nativeHost.console(), hosted.console());
        assertEquals(nativeHost.retired(), hosted.retired());
        assertEquals(nativeHost.besidesTheHost(), hosted.besidesTheHost());
        assertEquals(0, nativeHost.count("world-switches"));
        assertEquals(2 * (hosted.count("host-process-runs") + hosted.count("bounced-interrupts")), hosted.count("world-switches"));
        System.out.printf("hosted: %d exits for devices of the user level, %d system calls, %d bounced interrupts, %d world switches%n",
                hosted.count("host-process-runs"), hosted.count("host-syscalls"), hosted.count("bounced-interrupts"), hosted.count("world-switches"));
    }

    /** A guest that only prints: for each byte it asks whether there is room and writes; both go to the process, which writes once. */
    @Test
    void aGuestThatPrintsCostsTwoExitsAByte() throws Exception {
        Run nativeHost = run(DeviceSetting.Host.NATIVE, Composition.DEFAULT, "hello64", ExecutionEngine.INTERPRETER, "");
        Run hosted = run(DeviceSetting.Host.HOSTED, Composition.DEFAULT, "hello64", ExecutionEngine.INTERPRETER, "");
        agree(nativeHost, hosted);
        long printed = hosted.console().length();
        assertEquals(hosted.count("host-process-runs") + printed, hosted.count("host-syscalls"), "a call to run for each exit, a write for each byte");
        assertTrue(hosted.count("host-process-runs") >= printed, hosted.counters()::toString);
    }

    @Test
    void stockLinuxSeesNoDifference() throws Exception {
        Composition virtio = new Composition("model", "hwassist", "ept", "virtio");
        String typed = "head -c 100000 /dev/hwrng | md5sum; poweroff -f";
        Run nativeHost = run(DeviceSetting.Host.NATIVE, virtio, "debian-cloud-amd64", ExecutionEngine.AUTO, typed);
        Run hosted = run(DeviceSetting.Host.HOSTED, virtio, "debian-cloud-amd64", ExecutionEngine.AUTO, typed);
        // When the translator comes to it is its own affair (ADR 0008): compare what the guest and its devices did.
        assertEquals(nativeHost.console(), hosted.console());
        assertEquals(nativeHost.retired(), hosted.retired());
        for (String name : List.of("kicks", "device-requests", "device-interrupts", "port-accesses", "mmio-accesses", "injected-events", "idle-ticks")) {
            assertEquals(nativeHost.count(name), hosted.count(name), name);
        }
        assertTrue(hosted.count("bounced-interrupts") > 0 && hosted.count("host-process-runs") > hosted.count("kicks"), hosted.counters()::toString);
        assertTrue(hosted.count("host-process-runs") <= hosted.count("port-accesses") + hosted.count("mmio-accesses") + hosted.count("exit.hlt"), hosted.counters()::toString);
        System.out.printf("hosted Linux: %s%n", new TreeMap<>(hosted.counters()));
    }
}
