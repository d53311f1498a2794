package proteus.exam.internal;

import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.platform.commons.support.AnnotationSupport;
import org.junit.platform.commons.support.HierarchyTraversalMode;
import org.ops4j.pax.exam.ExceptionHelper;
import org.opentest4j.TestAbortedException;
import org.ops4j.pax.exam.TestAddress;
import org.ops4j.pax.exam.TestProbeBuilder;
import org.ops4j.pax.exam.spi.ExamReactor;
import org.ops4j.pax.exam.spi.StagedExamReactor;
import org.ops4j.pax.exam.spi.reactors.ReactorManager;

/** Outside the framework: starts the container of one test class and calls its tests there. */
public final class Driver {
    private final ReactorManager manager;
    private final Class<?> testClass;
    private final StagedExamReactor reactor;
    private final Map<String, TestAddress> addresses;

    private Driver(ReactorManager manager, Class<?> testClass, StagedExamReactor reactor, Map<String, TestAddress> addresses) {
        this.manager = manager;
        this.testClass = testClass;
        this.reactor = reactor;
        this.addresses = addresses;
    }

    public static Driver start(Class<?> testClass) throws Exception {
        System.setProperty("pax.exam.invoker", Activator.DRIVER);
        ReactorManager manager = ReactorManager.getInstance();
        Constructor<?> constructor = testClass.getDeclaredConstructor();
        constructor.setAccessible(true);
        Object instance = constructor.newInstance();
        ExamReactor exam = manager.prepareReactor(testClass, instance);
        TestProbeBuilder probe = manager.createProbeBuilder(instance);
        for (Method method : AnnotationSupport.findAnnotatedMethods(testClass, Test.class, HierarchyTraversalMode.TOP_DOWN)) {
            manager.storeTestMethod(probe.addTest(testClass, method.getName()), method);
        }
        exam.addProbe(probe);
        StagedExamReactor reactor = manager.stageReactor();
        Map<String, TestAddress> addresses = new HashMap<>();
        for (TestAddress address : reactor.getTargets()) {
            if (manager.lookupTestMethod(address.root()) instanceof Method method && method.getDeclaringClass().isAssignableFrom(testClass)) {
                addresses.put(method.getName(), address);
            }
        }
        manager.beforeClass(reactor, testClass);
        return new Driver(manager, testClass, reactor, addresses);
    }

    /** Throws what the test threw; a failed assumption as this side's own class, so that JUnit counts a skipped test. */
    public void call(Method method) throws Throwable {
        try {
            reactor.invoke(addresses.get(method.getName()));
        } catch (Exception e) {
            Throwable thrown = ExceptionHelper.unwind(e);
            // inside the framework the class comes from a bundle and is another one of the same name
            if (thrown.getClass().getName().equals(TestAbortedException.class.getName())) {
                throw new TestAbortedException(thrown.getMessage());
            }
            throw thrown;
        }
    }

    public void stop() {
        manager.afterClass(reactor, testClass);
    }
}
