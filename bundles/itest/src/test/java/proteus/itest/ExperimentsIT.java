package proteus.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collection;
import java.util.function.ToIntFunction;
import javax.inject.Inject;
import org.junit.jupiter.api.Test;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import proteus.exam.PaxExamTest;

/** The programs that compare compositions, in small: what they say with status 0 holds for each composition they name. */
@PaxExamTest
@ExamReactorStrategy(PerClass.class)
public class ExperimentsIT {
    @Inject
    private BundleContext context;

    @Configuration
    public Option[] image() {
        return new Option[] {Image.options()};
    }

    @SuppressWarnings("rawtypes")
    private int proteus(String command, String... arguments) throws InvalidSyntaxException {
        Collection<ServiceReference<ToIntFunction>> programs = context.getServiceReferences(ToIntFunction.class, "(proteus.command=" + command + ")");
        assertTrue(!programs.isEmpty(), "there is a program " + command);
        @SuppressWarnings("unchecked")
        ToIntFunction<String[]> program = context.getService(programs.iterator().next());
        return program.applyAsInt(arguments);
    }

    @Test
    void eachCompositionRunsTheGuestKitToTheSameConsole() throws Exception {
        assertEquals(0, proteus("compositions"));
    }

    @Test
    void nothingGetsOutOfHostileGuests() throws Exception {
        assertEquals(0, proteus("hostile", "--cpu", "hwassist", "--guests", "100"));
    }

    @Test
    void nothingGetsOutOfFullVirtualization() throws Exception {
        assertEquals(0, proteus("hostile", "--cpu", "full", "--guests", "100"));
    }

    @Test
    void hostileGuestsAreInterpretedToo() throws Exception {
        assertEquals(0, proteus("hostile", "--cpu", "hwassist", "--guests", "40", "--seed", "100000", "--engine", "interpreter"));
    }
}
