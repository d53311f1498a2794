package proteus.launcher;

import java.lang.reflect.Array;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;

/**
 * Says which declarative-services components wait, and for what. The service component runtime lives in a bundle whose classes the
 * launcher cannot see, hence the reflection: it happens only on the way to an error message.
 */
final class Components {
    private static final String RUNTIME = "org.osgi.service.component.runtime.ServiceComponentRuntime";

    private final BundleContext context;

    Components(BundleContext context) {
        this.context = context;
    }

    /**
     * One line for each component of a started bundle that waits for a reference, but for those that offer another command: they may
     * need a start level that this request did not ask for.
     */
    List<String> unsatisfied(String command) {
        ServiceReference<?> reference = context.getServiceReference(RUNTIME);
        if (reference == null) {
            return List.of("the service component runtime is missing");
        }
        List<String> lines = new ArrayList<>();
        try {
            Object runtime = context.getService(reference);
            Class<?> type = reference.getBundle().loadClass(RUNTIME);
            Class<?> dto = reference.getBundle().loadClass("org.osgi.service.component.runtime.dto.ComponentDescriptionDTO");
            Object descriptions = type.getMethod("getComponentDescriptionDTOs", Bundle[].class).invoke(runtime, (Object) new Bundle[0]);
            for (Object description : (Collection<?>) descriptions) {
                Object offered = ((Map<?, ?>) field(description, "properties")).get(Commands.NAME);
                if (offered != null && !offered.equals(command)) {
                    continue;
                }
                Object configurations = type.getMethod("getComponentConfigurationDTOs", dto).invoke(runtime, description);
                for (Object configuration : (Collection<?>) configurations) {
                    describe(description, configuration, lines);
                }
            }
        } catch (ReflectiveOperationException e) {
            lines.add("the waiting components cannot be listed: " + e);
        }
        return lines;
    }

    private static void describe(Object description, Object configuration, List<String> lines) throws ReflectiveOperationException {
        Object references = field(configuration, "unsatisfiedReferences");
        for (int i = 0; i < Array.getLength(references); i++) {
            Object waiting = Array.get(references, i);
            Object target = field(waiting, "target");
            lines.add("component " + field(description, "name") + " waits for its reference '" + field(waiting, "name") + "'"
                    + (target == null ? "" : " with " + target));
        }
    }

    private static Object field(Object dto, String name) throws ReflectiveOperationException {
        return dto.getClass().getField(name).get(dto);
    }
}
