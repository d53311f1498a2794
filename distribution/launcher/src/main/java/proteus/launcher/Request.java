package proteus.launcher;

import java.util.List;

/** What the user asked for: the command, its arguments, and how much of the platform it needs. */
record Request(String command, List<String> arguments, int startLevel) {
    /** Logging, services, contracts, silicon, board, techniques and the commands themselves. */
    static final int COMMANDS = 6;
    /** The above and Gogo; what the terminal consists of is installed, since scripts use classes of it, but not started. */
    static final int GOGO = 7;
    /** The above and the interactive shell. */
    static final int TERMINAL = 8;

    static final String SHELL = "shell";
    static final String SCRIPT = "script";

    static Request parse(List<String> args) {
        if (args.isEmpty()) {
            return new Request(SHELL, List.of(), TERMINAL);
        }
        String first = args.getFirst();
        List<String> rest = List.copyOf(args.subList(1, args.size()));
        return switch (first) {
            case SHELL -> {
                if (!rest.isEmpty()) {
                    throw new UsageException("shell takes no arguments; use -c 'commands' to run some");
                }
                yield new Request(SHELL, rest, TERMINAL);
            }
            case "-c", "-f" -> {
                if (rest.size() != 1) {
                    throw new UsageException(first + " takes exactly one argument, " + (first.equals("-c") ? "the commands in quotes" : "a file of commands"));
                }
                yield new Request(SCRIPT, List.copyOf(args), GOGO);
            }
            default -> {
                if (first.startsWith("-")) {
                    throw new UsageException("unknown option " + first);
                }
                yield new Request(first, rest, COMMANDS);
            }
        };
    }

    /** Whether a signal is the usual end of the command, as it is of a server, and no failure. */
    boolean serves() {
        return command.equals("qtest");
    }

    boolean interactive() {
        return startLevel == TERMINAL;
    }
}
