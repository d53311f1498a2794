package proteus.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import java.time.Duration;
import javax.inject.Inject;
import org.junit.jupiter.api.Test;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.GuestLoadException;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VmEnd;
import proteus.exam.PaxExamTest;

/** Stock, unmodified Debian kernels boot to a shell, answer a command, and power off. */
@PaxExamTest
@ExamReactorStrategy(PerClass.class)
public class LinuxIT {
    @Inject
    private BundleContext context;

    @Configuration
    public Option[] image() {
        return new Option[] {Image.options()};
    }

    @Test
    void theAmd64CloudKernelReachesAShellAndAnswers() throws Exception {
        boots("debian-cloud-amd64", "x86_64");
    }

    @Test
    void the686KernelReachesAShellAndAnswers() throws Exception {
        boots("debian-686", "i686");
    }

    private void boots(String guest, String machine) throws Exception {
        Guests guests = new Guests(context);
        GuestImage image;
        try {
            image = guests.image(guest);
        } catch (GuestLoadException e) {
            abort(guest + " cannot be had here: " + e.getMessage());
            return;
        }
        VirtualMachine vm = guests.create(guest, image, "");
        try {
            vm.console().typeAfter("READY", "echo answer-$((6*7)) on $(uname -m); poweroff -f\n");
            guests.runToEnd(vm, Duration.ofMinutes(15));
            assertTrue(vm.console().text().contains("answer-42 on " + machine), vm.console().text());
            assertEquals(VmEnd.Kind.POWER_OFF, vm.awaitEnd(Duration.ZERO).orElseThrow().kind());
        } finally {
            vm.close();
        }
    }
}
