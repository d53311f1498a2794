package proteus.shell.program;

import java.io.PrintStream;
import proteus.api.vm.GuestLoadException;
import proteus.api.vm.VmException;
import proteus.shell.process.StandardStreams;

/** A program of {@code ./proteus}. */
interface Program {
    /** Its name on the command line. */
    String name();

    /** How it is called and what it does, before the list of its flags. */
    String synopsis();

    /** Declares the flags. */
    Flags flags();

    /** Does it and gives the exit status. */
    int run(Flags flags) throws InterruptedException;

    /** Understands the command line, runs the program, and turns failures into sentences and statuses. */
    static int execute(Program program, String[] arguments) {
        PrintStream err = StandardStreams.err();
        String prefix = "proteus " + program.name() + ": ";
        try {
            Flags flags = program.flags().parse(arguments);
            if (flags.has("--help")) {
                StandardStreams.out().print(program.synopsis() + "\n" + flags.help());
                StandardStreams.out().flush();
                return Status.SUCCESS;
            }
            return program.run(flags);
        } catch (UsageException e) {
            err.println(prefix + e.getMessage());
            return Status.USAGE;
        } catch (VmException | GuestLoadException e) {
            err.println(prefix + e.getMessage());
            return Status.FAILURE;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            err.println(prefix + "interrupted");
            return Status.FAILURE;
        }
    }

    /** One of our own messages. */
    static void say(String sentence) {
        StandardStreams.err().println("proteus: " + sentence);
    }
}
