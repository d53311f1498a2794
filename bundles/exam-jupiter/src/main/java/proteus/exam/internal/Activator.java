package proteus.exam.internal;

import java.util.Hashtable;
import java.util.Map;
import org.ops4j.pax.exam.ProbeInvoker;
import org.ops4j.pax.exam.ProbeInvokerFactory;
import org.osgi.framework.BundleActivator;
import org.osgi.framework.BundleContext;

/** Inside the framework: offers the invoker under the name that {@link Driver} asks for. */
public final class Activator implements BundleActivator {
    static final String DRIVER = "junit5";

    @Override
    public void start(BundleContext context) {
        context.registerService(ProbeInvokerFactory.class, new Factory(), new Hashtable<>(Map.of("driver", DRIVER)));
    }

    @Override
    public void stop(BundleContext context) {
        // the framework withdraws the service
    }

    private static final class Factory implements ProbeInvokerFactory {
        @Override
        public ProbeInvoker createProbeInvoker(Object context, String expression) {
            return new JupiterInvoker((BundleContext) context, expression);
        }
    }
}
