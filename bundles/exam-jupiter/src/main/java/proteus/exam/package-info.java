/**
 * The JUnit 5 driver that Pax Exam lacks. The same test class is seen twice: outside the framework its methods are not run but sent
 * to the container; inside, in the probe bundle, the Jupiter engine runs them with their fields injected.
 */
@org.osgi.annotation.versioning.Version("1.0.0")
@org.osgi.annotation.bundle.Export
package proteus.exam;
