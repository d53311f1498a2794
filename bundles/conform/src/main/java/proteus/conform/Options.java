package proteus.conform;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import proteus.api.silicon.ExecutionEngine;
import proteus.conform.cases.Family;
import proteus.conform.state.Mode;

/**
 * The command line.
 *
 * @param engine what the model executes cases with
 * @param cases over all families together
 * @param pattern which instructions, as a regular expression
 */
record Options(ExecutionEngine engine, long cases, long seed, List<Mode> modes, List<Family> families, String pattern, Optional<Path> json, boolean help) {
    static final String HELP = """
        ./proteus conform [flags]
        Runs random instruction cases on the modelled processor and on this host's own, and compares registers, flags, memory,
        x87 and vector state, and faults. Flags and results that the manual leaves undefined are not compared.
          --engine NAME             interpreter (default), or native: each instruction is translated to code of this host by itself, and the
                                    report says how many cases that code executed, and how many it left to the interpreter
          --cases N                 how many, over all families together (default 1000000)
          --seed S                  the same seed gives the same cases (default 1)
          --mode BITS[,BITS...]     only these modes: 64, and 32 and 16 in segments of compatibility mode (default all)
          --family NAME[,NAME...]   only these families: %s
          --only PATTERN            only instructions whose name matches, for example 'SH[LR]D?'
          --json FILE               also writes the figures there
          --privileged              privileged forms instead, in all modes and rings, against emulators; its own flags: --privileged --help
          --help                    say this
        Exit status: 0 no difference, 1 differences, 64 wrong usage, 69 this host cannot run cases (it is not x86-64 Linux): nothing was compared.
        """.formatted(labels());

    /** A command line that cannot be understood; the message is one sentence. */
    static final class UsageException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        UsageException(String message) {
            super(message);
        }
    }

    static Options parse(String[] arguments) {
        ExecutionEngine engine = ExecutionEngine.INTERPRETER;
        long cases = 1_000_000;
        long seed = 1;
        List<Mode> modes = List.of(Mode.values());
        List<Family> families = List.of(Family.values());
        String pattern = ".*";
        Optional<Path> json = Optional.empty();
        boolean help = false;
        for (int i = 0; i < arguments.length; i++) {
            String name = arguments[i];
            if (name.equals("--help") || name.equals("-h")) {
                help = true;
                continue;
            }
            int equals = name.indexOf('=');
            String flag = equals < 0 ? name : name.substring(0, equals);
            if (!List.of("--engine", "--cases", "--seed", "--mode", "--family", "--only", "--json").contains(flag)) {
                throw new UsageException("there is no flag " + flag + "; --help lists them");
            }
            if (equals < 0 && i + 1 == arguments.length) {
                throw new UsageException(flag + " needs a value");
            }
            String value = equals < 0 ? arguments[++i] : name.substring(equals + 1);
            switch (flag) {
                case "--engine" -> engine = engine(value);
                case "--cases" -> cases = number(flag, value, 1);
                case "--seed" -> seed = number(flag, value, Long.MIN_VALUE);
                case "--mode" -> modes = modes(value);
                case "--family" -> families = families(value);
                case "--only" -> pattern = pattern(value);
                default -> json = Optional.of(Path.of(value));
            }
        }
        return new Options(engine, cases, seed, modes, families, pattern, json, help);
    }

    private static String pattern(String value) {
        try {
            return java.util.regex.Pattern.compile(value).pattern();
        } catch (java.util.regex.PatternSyntaxException e) {
            throw new UsageException("--only %s is no regular expression: %s".formatted(value, e.getDescription()));
        }
    }

    private static long number(String flag, String value, long least) {
        try {
            long number = Long.parseLong(value.replace("_", ""));
            if (number >= least) {
                return number;
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw new UsageException("%s takes a number, not %s".formatted(flag, value));
    }

    private static ExecutionEngine engine(String value) {
        return switch (value) {
            case "interpreter" -> ExecutionEngine.INTERPRETER;
            case "native" -> ExecutionEngine.NATIVE;
            default -> throw new UsageException("there is no engine %s; the engines are interpreter, native".formatted(value));
        };
    }

    private static List<Mode> modes(String value) {
        List<Mode> wanted = new ArrayList<>();
        for (String label : value.split(",")) {
            wanted.add(Arrays.stream(Mode.values()).filter(mode -> mode.label().equals(label)).findFirst()
                .orElseThrow(() -> new UsageException("there is no mode %s; the modes are 64, 32, 16".formatted(label))));
        }
        return wanted;
    }

    private static List<Family> families(String value) {
        List<Family> wanted = new ArrayList<>();
        for (String label : value.split(",")) {
            wanted.add(Arrays.stream(Family.values()).filter(family -> family.label().equals(label)).findFirst()
                .orElseThrow(() -> new UsageException("there is no family %s; the families are %s".formatted(label, labels()))));
        }
        return wanted;
    }

    private static String labels() {
        return Arrays.stream(Family.values()).map(Family::label).collect(Collectors.joining(", "));
    }
}
