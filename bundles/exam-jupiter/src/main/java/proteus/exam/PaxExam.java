package proteus.exam;

import java.lang.reflect.Method;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;
import org.junit.jupiter.api.extension.TestInstancePostProcessor;
import org.ops4j.pax.exam.util.Injector;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleReference;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceReference;
import proteus.exam.internal.Driver;

/** The extension behind {@link PaxExamTest}: delegates outside the framework, injects inside. */
public final class PaxExam
        implements BeforeAllCallback, AfterAllCallback, InvocationInterceptor, TestInstancePostProcessor, ParameterResolver {
    private static final ExtensionContext.Namespace NAMESPACE = ExtensionContext.Namespace.create(PaxExam.class);
    private static final boolean INSIDE = PaxExam.class.getClassLoader() instanceof BundleReference;

    @Override
    public void beforeAll(ExtensionContext context) throws Exception {
        if (!INSIDE) {
            context.getStore(NAMESPACE).put(Driver.class, Driver.start(context.getRequiredTestClass()));
        }
    }

    @Override
    public void afterAll(ExtensionContext context) {
        if (!INSIDE) {
            Driver driver = driver(context);
            if (driver != null) {
                driver.stop();
            }
        }
    }

    @Override
    public void interceptTestMethod(Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        if (INSIDE) {
            invocation.proceed();
        } else {
            invocation.skip();
            driver(context).call(method.getExecutable());
        }
    }

    @Override
    public void interceptTestTemplateMethod(
            Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context) {
        throw new ExtensionConfigurationException("parameterized and repeated tests cannot run inside the framework");
    }

    @Override
    public void interceptBeforeAllMethod(Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        onlyInside(invocation);
    }

    @Override
    public void interceptBeforeEachMethod(Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        onlyInside(invocation);
    }

    @Override
    public void interceptAfterEachMethod(Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        onlyInside(invocation);
    }

    @Override
    public void interceptAfterAllMethod(Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        onlyInside(invocation);
    }

    @Override
    public void postProcessTestInstance(Object test, ExtensionContext context) {
        if (!INSIDE) {
            return;
        }
        BundleContext bundle = FrameworkUtil.getBundle(test.getClass()).getBundleContext();
        ServiceReference<Injector> reference = bundle.getServiceReference(Injector.class);
        if (reference == null) {
            throw new ExtensionConfigurationException("Pax Exam's injector is not there");
        }
        bundle.getService(reference).injectFields(test);
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == BundleContext.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return INSIDE ? FrameworkUtil.getBundle(context.getRequiredTestClass()).getBundleContext() : null;
    }

    private static void onlyInside(Invocation<Void> invocation) throws Throwable {
        if (INSIDE) {
            invocation.proceed();
        } else {
            invocation.skip();
        }
    }

    private static Driver driver(ExtensionContext context) {
        return context.getStore(NAMESPACE).get(Driver.class, Driver.class);
    }
}
