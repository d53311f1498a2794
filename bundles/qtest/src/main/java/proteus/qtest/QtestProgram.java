package proteus.qtest;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Optional;
import java.util.function.ToIntFunction;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import proteus.api.io.BlockBackends;
import proteus.api.io.IoTechnique;
import proteus.api.vm.DrivenMachines;
import proteus.api.vm.VmException;
import proteus.qtest.arguments.CommandLine;
import proteus.qtest.arguments.UnsupportedException;
import proteus.qtest.machine.Parts;

/** {@code ./proteus qtest}: serves one machine to the programs at the other ends of its sockets, until they or a signal end it. */
@Component(service = ToIntFunction.class, property = "proteus.command=qtest")
public final class QtestProgram implements ToIntFunction<String[]> {
    private static final int SUCCESS = 0;
    private static final int FAILURE = 1;

    private final Parts parts;

    @Activate
    public QtestProgram(
            @Reference DrivenMachines machines,
            @Reference(cardinality = ReferenceCardinality.MULTIPLE, policyOption = ReferencePolicyOption.GREEDY) List<IoTechnique> techniques,
            @Reference(cardinality = ReferenceCardinality.OPTIONAL, policyOption = ReferencePolicyOption.GREEDY) BlockBackends images) {
        parts = new Parts(machines, techniques, Optional.ofNullable(images));
    }

    @Override
    public int applyAsInt(String[] arguments) {
        try {
            CommandLine line = CommandLine.parse(List.of(arguments));
            if (line.has("help")) {
                PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out));
                out.print(Help.TEXT);
                return out.checkError() ? FAILURE : SUCCESS;
            }
            try (Session session = new Session(line, parts)) {
                session.serve();
            }
            return SUCCESS;
        } catch (UnsupportedException | VmException e) {
            return fail(e.getMessage());
        } catch (IOException e) {
            return fail("a socket or file failed: " + e.getMessage());
        }
    }

    private static int fail(String sentence) {
        new PrintStream(new FileOutputStream(FileDescriptor.err), true).println("proteus qtest: " + sentence);
        return FAILURE;
    }
}
