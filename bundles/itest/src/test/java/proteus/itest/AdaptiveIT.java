package proteus.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.Optional;
import javax.inject.Inject;
import org.junit.jupiter.api.Test;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import proteus.api.compose.Composition;
import proteus.api.vm.AdaptivePolicy;
import proteus.api.vm.AdaptivePolicy.Decision;
import proteus.api.vm.VirtualMachine;
import proteus.exam.PaxExamTest;

/** The policy changes the memory technique of a guest with phases, the same each time, and the guest cannot tell. */
@PaxExamTest
@ExamReactorStrategy(PerClass.class)
public class AdaptiveIT {
    private static final Duration SOON = Duration.ofSeconds(120);
    private static final String WORK = "iterations=3000 warmup=50";

    @Inject
    private BundleContext context;

    @org.ops4j.pax.exam.Configuration
    public Option[] image() {
        return new Option[] {Image.options()};
    }

    private Configuration configuration() throws Exception {
        return context.getService(context.getServiceReference(ConfigurationAdmin.class)).getConfiguration("proteus.adaptive", "?");
    }

    /** The policy once it has such a setting; services come and go with their configuration. */
    private AdaptivePolicy policy(boolean enabled) throws Exception {
        return Await.value(() -> {
            ServiceReference<AdaptivePolicy> reference = context.getServiceReference(AdaptivePolicy.class);
            return Optional.ofNullable(reference).map(context::getService).filter(policy -> policy.enabled() == enabled);
        }, SOON);
    }

    private record Run(String console, long retired, List<Decision> decisions) {}

    private Run run(AdaptivePolicy policy) throws Exception {
        Guests guests = new Guests(context);
        int before = policy.decisions().size();
        VirtualMachine vm = guests.create("phases", Composition.DEFAULT, guests.image("nano"), WORK);
        try {
            guests.runToEnd(vm, SOON);
            return new Run(vm.console().text(), vm.statistics().retired(), policy.decisions().subList(before, policy.decisions().size()));
        } finally {
            vm.close();
        }
    }

    @Test
    void aGuestWithPhasesIsChangedTheSameWayEachTimeAndCannotTell() throws Exception {
        Run alone = run(policy(false));
        assertTrue(alone.decisions().isEmpty(), "the policy is off unless configured");
        Dictionary<String, Object> settings = new Hashtable<>();
        settings.put("enabled", true);
        settings.put("interval", 5_000L);
        settings.put("least_misses", 1.0);
        Configuration configuration = configuration();
        configuration.update(settings);
        try {
            AdaptivePolicy policy = policy(true);
            awaitLooks(policy);
            Run first = run(policy);
            Run second = run(policy);
            assertEquals(alone.console(), first.console());
            assertEquals(alone.retired(), first.retired());
            assertEquals(first.decisions().stream().map(AdaptiveIT::deed).toList(), second.decisions().stream().map(AdaptiveIT::deed).toList());
            assertTrue(first.decisions().stream().anyMatch(one -> one.verdict().startsWith("changed") && one.verdict().endsWith("nested paging")),
                    () -> first.decisions().toString());
            assertTrue(first.decisions().stream().anyMatch(one -> one.verdict().startsWith("changed") && one.verdict().endsWith("shadow paging")),
                    () -> first.decisions().toString());
        } finally {
            configuration.delete();
        }
    }

    /** The policy is there before the VMM has heard of it: a VM is made until one is looked at. */
    private void awaitLooks(AdaptivePolicy policy) throws Exception {
        Guests guests = new Guests(context);
        Await.value(() -> {
            VirtualMachine probe = guests.create("probe", Composition.DEFAULT, guests.image("nano"), WORK);
            try {
                probe.inspect(inside -> {
                    inside.step(6_000);
                    return null;
                });
            } finally {
                probe.close();
            }
            return policy.decisions().isEmpty() ? Optional.empty() : Optional.of(true);
        }, SOON);
    }

    /** TLB misses also depend on what the silicon remembers of frames that held code, of VMs before too: what was done must not. */
    private static String deed(Decision decision) {
        return decision.retired() + " " + decision.shape() + " " + decision.verdict().replaceAll("[0-9.e+-]+ page faults", "page faults");
    }
}
