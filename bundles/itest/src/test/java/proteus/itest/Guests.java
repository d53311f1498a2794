package proteus.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import proteus.api.compose.Composition;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.vm.GuestCatalogue;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmEnd;
import proteus.api.vm.VmSpec;

/** Boots guests of the catalogues in the framework a test runs in. */
final class Guests {
    private final BundleContext context;

    Guests(BundleContext context) {
        this.context = context;
    }

    <T> T service(Class<T> type) {
        ServiceReference<T> reference = context.getServiceReference(type);
        assertTrue(reference != null, "there is a " + type.getSimpleName());
        return context.getService(reference);
    }

    /** The image of a guest, fetched if need be. */
    GuestImage image(String name) {
        try {
            Collection<ServiceReference<GuestCatalogue>> catalogues = context.getServiceReferences(GuestCatalogue.class, null);
            for (ServiceReference<GuestCatalogue> catalogue : catalogues) {
                Optional<GuestImage> image = context.getService(catalogue).image(name, progress -> { });
                if (image.isPresent()) {
                    return image.get();
                }
            }
        } catch (InvalidSyntaxException e) {
            throw new AssertionError(e);
        }
        throw new AssertionError("no catalogue has " + name);
    }

    VirtualMachine create(String vm, GuestImage image, String append) {
        return create(vm, Composition.DEFAULT, image, append);
    }

    VirtualMachine create(String vm, Composition composition, GuestImage image, String append) {
        return create(vm, composition, image, append, VmSpec.DEFAULT_ENGINE);
    }

    VirtualMachine create(String vm, Composition composition, GuestImage image, String append, ExecutionEngine engine) {
        String commandLine = (image.commandLine() + " " + append).strip();
        return service(VirtualMachineManager.class).create(new VmSpec(vm, composition, image.info().memoryBytes(), 1, VmSpec.Clock.COUNT, "max", true,
            new VmSpec.BootSpec(image.info().name(), image.kernel(), image.initrd(), commandLine), List.of(), engine));
    }

    /** Runs a guest to its end and expects it to end well. */
    VirtualMachine runToEnd(VirtualMachine vm, Duration timeout) throws InterruptedException {
        vm.start();
        Optional<VmEnd> end = vm.awaitEnd(timeout);
        assertTrue(end.isPresent(), () -> "the guest did not end; console: " + vm.console().text());
        assertTrue(end.get().success(), () -> end.get() + "; console: " + vm.console().text());
        assertEquals(end.get().message(), vm.reason());
        return vm;
    }
}
