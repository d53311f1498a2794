package proteus.exam;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A test class that runs inside an OSGi framework, set up by its Pax Exam {@code @Configuration} method. Only {@code @Test} methods:
 * parameterized and repeated tests are refused.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
@ExtendWith(PaxExam.class)
public @interface PaxExamTest { }
