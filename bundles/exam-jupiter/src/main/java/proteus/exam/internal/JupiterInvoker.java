package proteus.exam.internal;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import org.junit.jupiter.engine.JupiterTestEngine;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherConfig;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.ops4j.pax.exam.ProbeInvoker;
import org.ops4j.pax.exam.TestContainerException;
import org.osgi.framework.BundleContext;

/** Inside the framework: runs one test method of the probe bundle with the Jupiter engine. */
final class JupiterInvoker implements ProbeInvoker {
    private final BundleContext probe;
    private final String className;
    private final String methodName;

    /** The expression is {@code class;method}. */
    JupiterInvoker(BundleContext probe, String expression) {
        this.probe = probe;
        String[] parts = expression.split(";");
        className = parts[0];
        methodName = parts[1];
    }

    @Override
    public void call(Object... arguments) {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        thread.setContextClassLoader(JupiterTestEngine.class.getClassLoader());
        try {
            Outcome outcome = new Outcome();
            LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                    .selectors(selectMethod(probe.getBundle().loadClass(className), methodName))
                    .build();
            LauncherFactory.create(justJupiter()).execute(request, outcome);
            if (outcome.failure != null) {
                throw new TestContainerException(outcome.failure.toString(), outcome.failure);
            }
            if (outcome.tests == 0) {
                throw new TestContainerException("no test ran: " + className + "." + methodName);
            }
        } catch (ClassNotFoundException e) {
            throw new TestContainerException(e);
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    /** Nothing is looked up through ServiceLoader: inside a framework it would see nothing or the wrong thing. */
    private static LauncherConfig justJupiter() {
        return LauncherConfig.builder()
                .enableTestEngineAutoRegistration(false)
                .enableTestExecutionListenerAutoRegistration(false)
                .enableLauncherSessionListenerAutoRegistration(false)
                .enableLauncherDiscoveryListenerAutoRegistration(false)
                .enablePostDiscoveryFilterAutoRegistration(false)
                .addTestEngines(new JupiterTestEngine())
                .build();
    }

    private static final class Outcome implements TestExecutionListener {
        private int tests;
        private Throwable failure;

        @Override
        public void executionFinished(TestIdentifier id, TestExecutionResult result) {
            if (id.isTest()) {
                tests++;
            }
            if (failure == null) {
                failure = result.getThrowable().orElse(null);
            }
        }
    }
}
