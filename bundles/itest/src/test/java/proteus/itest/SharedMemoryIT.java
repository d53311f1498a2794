package proteus.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.inject.Inject;
import org.junit.jupiter.api.Test;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;
import proteus.api.compose.Composition;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.OutOfHostMemoryException;
import proteus.api.silicon.Silicon;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.GuestLoadException;
import proteus.api.vm.HostMemoryManager;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VmException;
import proteus.api.vm.VmState;
import proteus.exam.PaxExamTest;

/** Several VMs on the memory of one host: shared pages, copies on writing, more memory promised than there is. */
@PaxExamTest
@ExamReactorStrategy(PerClass.class)
public class SharedMemoryIT {
    private static final String STOCK = "debian-cloud-amd64";
    private static final Composition NESTED = new Composition("model", "hwassist", "ept", "emul");
    private static final Composition SHADOW = new Composition("model", "hwassist", "shadow", "virtio");
    private static final Duration BOOT = Duration.ofMinutes(10);
    private static final Duration SOON = Duration.ofMinutes(4);
    /** What every busybox is: a lot of code and data that must not change under sharing. */
    private static final String CHECK = "echo sum-$((40+2)) $(md5sum < /bin/busybox)";

    @Inject
    private BundleContext context;

    @Configuration
    public Option[] image() {
        return new Option[] {Image.options()};
    }

    private VirtualMachine boot(String name, Composition composition) {
        Guests guests = new Guests(context);
        GuestImage image;
        try {
            image = guests.image(STOCK);
        } catch (GuestLoadException e) {
            return abort(STOCK + " cannot be had here: " + e.getMessage());
        }
        VirtualMachine vm = guests.create(name, composition, image, "", ExecutionEngine.AUTO);
        vm.start();
        return vm;
    }

    private static String sum(VirtualMachine vm, int which) {
        Pattern pattern = Pattern.compile("sum-42 ([0-9a-f]{32})");
        return Await.value(() -> {
            Matcher matcher = pattern.matcher(vm.console().text());
            String found = null;
            for (int i = 0; i < which && matcher.find(); i++) {
                found = i == which - 1 ? matcher.group(1) : null;
            }
            return Optional.ofNullable(found);
        }, SOON);
    }

    @Test
    void stockLinuxInTwoCompositionsSharesFramesAndOutlivesTheOther() throws Exception {
        HostMemoryManager memory = new Guests(context).service(HostMemoryManager.class);
        VirtualMachine nested = boot("nested", NESTED);
        VirtualMachine shadow = boot("shadow", SHADOW);
        try {
            for (VirtualMachine vm : List.of(nested, shadow)) {
                vm.console().typeAfter("proteus# ", CHECK + "\n");
            }
            String before = sum(nested, 1);
            assertEquals(before, sum(shadow, 1));

            long free = memory.use().free();
            HostMemoryManager.Sharing sharing = memory.share();
            HostMemoryManager.HostUse use = memory.use();
            System.out.printf("page sharing: %s, %s, nested %s, shadow %s%n", sharing, use, memory.use(nested), memory.use(shadow));
            assertTrue(use.free() - free >= 64 << 20, "pages of zeros alone are more: " + sharing);
            assertTrue(memory.use(nested).shared() >= 16 << 20 && memory.use(shadow).shared() >= 16 << 20, "the kernel and the initial RAM disk are the same");
            assertTrue(use.sharedPages() > use.sharedFrames(), use::toString);

            for (VirtualMachine vm : List.of(nested, shadow)) {
                vm.console().type("head -c 3000000 /bin/busybox > /tmp/copy; " + CHECK + "\n");
                assertEquals(before, sum(vm, 2));
                assertTrue(vm.statistics().counters().get("pages-shared") > 1000, vm.statistics()::toString);
                assertTrue(vm.statistics().counters().get("cow-breaks") > 0, vm.statistics()::toString);
            }
            assertTrue(memory.frames().stream().anyMatch(frames -> frames.run().owner().equals("shared pages") && frames.pages() >= 2));

            nested.close();
            shadow.console().type(CHECK + "; poweroff -f\n");
            assertEquals(before, sum(shadow, 3), "the other is untouched");
            assertTrue(shadow.awaitEnd(SOON).orElseThrow().success(), shadow::reason);
        } finally {
            nested.close();
            shadow.close();
        }
        assertEquals(0, memory.use().sharedFrames(), "nothing is left behind");
    }

    @Test
    void aBalloonMovesMemoryBetweenGuestAndHost() throws Exception {
        HostMemoryManager memory = new Guests(context).service(HostMemoryManager.class);
        VirtualMachine vm = boot("ballooned", SHADOW);
        try {
            vm.console().typeAfter("proteus# ", CHECK + "\n");
            String sum = sum(vm, 1);
            memory.balloon(vm, 96L << 20);
            Await.value(() -> memory.use(vm).ballooned() == 96L << 20 ? Optional.of(true) : Optional.empty(), SOON);
            HostMemoryManager.VmUse use = memory.use(vm);
            System.out.printf("balloon: %s%n", use);
            assertTrue(use.own() + use.shared() <= use.size() - use.ballooned(), use::toString);
            assertTrue(vm.statistics().counters().get("pages-ballooned") >= 96 << 8, vm.statistics()::toString);
            vm.console().type("awk '/MemAvailable/ { print \"left-\" int($2 / 1024) }' /proc/meminfo; " + CHECK + "\n");
            assertEquals(sum, sum(vm, 2));
            Matcher left = Pattern.compile("left-(\\d+)").matcher(vm.console().text());
            assertTrue(left.find() && Integer.parseInt(left.group(1)) < 256 - 96, "what the balloon holds the guest cannot use");
            memory.balloon(vm, 0);
            Await.value(() -> memory.use(vm).ballooned() == 0 ? Optional.of(true) : Optional.empty(), SOON);
            vm.console().type("head -c 100000000 /dev/zero > /tmp/zeros && echo filled-$((40+2)); poweroff -f\n");
            assertTrue(vm.awaitEnd(SOON).orElseThrow().success(), vm::reason);
            assertTrue(vm.console().text().contains("filled-42"), "it has it back");
        } finally {
            vm.close();
        }
    }

    @Test
    void aVmWithoutABalloonSaysSo() throws Exception {
        HostMemoryManager memory = new Guests(context).service(HostMemoryManager.class);
        Guests guests = new Guests(context);
        VirtualMachine vm = guests.create("plain", guests.image("hello64"), "");
        try {
            assertTrue(assertThrows(VmException.class, () -> memory.balloon(vm, 1 << 20)).getMessage().startsWith("VM plain has no balloon"));
        } finally {
            vm.close();
        }
    }

    /** The host is made small by frames that somebody holds. */
    private List<Long> hog(HostMemory host, long leave) {
        List<Long> taken = new ArrayList<>();
        while (host.free() > leave) {
            try {
                taken.add(host.allocate(HostMemory.FRAME_SIZE << 8, HostMemory.FRAME_SIZE, "hog"));
            } catch (OutOfHostMemoryException e) {
                break;
            }
        }
        return taken;
    }

    private static void free(HostMemory host, List<Long> taken) {
        taken.forEach(hpa -> host.release(hpa, HostMemory.FRAME_SIZE << 8));
        taken.clear();
    }

    @Test
    void moreIsPromisedThanTheHostHas() throws Exception {
        HostMemoryManager memory = new Guests(context).service(HostMemoryManager.class);
        HostMemory host = new Guests(context).service(Silicon.class).hostMemory();
        List<Long> taken = hog(host, 200L << 20);
        VirtualMachine one = boot("one", NESTED);
        VirtualMachine two = null;
        try {
            one.console().typeAfter("proteus# ", CHECK + "\n");
            String sum = sum(one, 1);
            two = boot("two", NESTED);
            two.console().typeAfter("proteus# ", CHECK + "; poweroff -f\n");
            assertEquals(sum, sum(two, 1));
            long promised = one.spec().memoryBytes() + two.spec().memoryBytes();
            System.out.printf("overcommit: %d MiB promised on %d MiB, %s%n", promised >> 20, 200, memory.use());
            assertTrue(promised > 2 * (200L << 20), () -> promised + " bytes promised");
            assertTrue(two.awaitEnd(SOON).orElseThrow().success(), two::reason);
        } finally {
            one.close();
            if (two != null) {
                two.close();
            }
            free(host, taken);
        }
    }

    @Test
    void aVmThatFindsNoFrameIsParkedWithASentenceAndGoesOnWithMore() throws Exception {
        HostMemory host = new Guests(context).service(Silicon.class).hostMemory();
        List<Long> taken = hog(host, 100L << 20);
        VirtualMachine vm = boot("hungry", NESTED);
        try {
            vm.console().typeAfter("proteus# ", "head -c 120000000 /dev/urandom > /tmp/noise; " + CHECK + "; poweroff -f\n");
            assertEquals(VmState.PARKED, vm.awaitEnd(BOOT).map(end -> vm.state()).orElseThrow(), vm::reason);
            assertTrue(vm.reason().startsWith("the host has no memory left for VM hungry, only ") && !vm.reason().contains("Exception"), vm.reason());
            free(host, taken);
            vm.resume();
            assertTrue(vm.awaitEnd(BOOT).orElseThrow().success(), vm::reason);
            assertTrue(vm.console().text().contains("sum-42 "), vm.console()::text);
        } finally {
            vm.close();
            free(host, taken);
        }
    }
}
