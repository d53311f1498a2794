package proteus.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.inject.Inject;
import org.junit.jupiter.api.Test;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentConfigurationDTO;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;
import org.osgi.service.component.runtime.dto.UnsatisfiedReferenceDTO;
import proteus.exam.PaxExamTest;

@PaxExamTest
@ExamReactorStrategy(PerClass.class)
public class DistributionIT {
    @Inject
    private BundleContext context;

    @Inject
    private ServiceComponentRuntime components;

    @Configuration
    public Option[] image() {
        return new Option[] {Image.options()};
    }

    @Test
    void testsRunInsideTheFramework() {
        assertTrue(FrameworkUtil.getBundle(getClass()).getSymbolicName().startsWith("PAXEXAM-PROBE"));
        assertEquals("org.apache.felix.framework", context.getBundle(0).getSymbolicName());
    }

    @Test
    void everyBundleIsActive() {
        List<String> idle = Arrays.stream(context.getBundles())
                .filter(bundle -> bundle.getState() != Bundle.ACTIVE)
                .map(bundle -> bundle.getSymbolicName() + " in state " + bundle.getState())
                .toList();
        assertEquals(List.of(), idle);
        assertTrue(Arrays.stream(context.getBundles()).anyMatch(bundle -> "proteus.vmm".equals(bundle.getSymbolicName())), "the image was installed");
    }

    @Test
    void noComponentWaitsForAnother() {
        List<String> waiting = new ArrayList<>();
        int seen = 0;
        for (ComponentDescriptionDTO component : components.getComponentDescriptionDTOs()) {
            for (ComponentConfigurationDTO configuration : components.getComponentConfigurationDTOs(component)) {
                seen++;
                for (UnsatisfiedReferenceDTO reference : configuration.unsatisfiedReferences) {
                    waiting.add(component.name + " waits for " + reference.name + (reference.target == null ? "" : " " + reference.target));
                }
                if (configuration.state == ComponentConfigurationDTO.FAILED_ACTIVATION) {
                    waiting.add(component.name + " failed: " + configuration.failure);
                }
            }
        }
        assertEquals(List.of(), waiting);
        assertFalse(seen == 0, "there are components");
    }
}
