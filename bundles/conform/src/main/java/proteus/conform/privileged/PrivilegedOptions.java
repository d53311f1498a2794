package proteus.conform.privileged;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The command line of {@code conform --privileged}.
 *
 * @param cases over all families together
 */
record PrivilegedOptions(int cases, long seed, List<Family> families, List<String> oracles, boolean help) {
    static final List<String> ORACLES = List.of("bochs", "qemu", "kvm");
    static final String HELP = """
        ./proteus conform --privileged [flags]
        Runs random cases of privileged and system instructions, in all modes and rings, as firmware on the model and on other machines, and
        compares what became of them: vector, error code, registers, descriptors, page tables, stacks.
          --cases N                 how many, over all families together (default 4000)
          --seed S                  the same seed gives the same cases (default 1)
          --family NAME[,NAME...]   only these families: %s
          --oracle NAME[,NAME...]   bochs, qemu, kvm (default bochs): an emulator that is installed, or the host behind /dev/kvm with QEMU around it
          --help                    say this
        Exit status: 0 no difference, 1 differences, 64 wrong usage, 69 no oracle can run cases here: nothing was compared.
        """.formatted(labels());

    /** A command line that cannot be understood; the message is one sentence. */
    static final class UsageException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        UsageException(String message) {
            super(message);
        }
    }

    static PrivilegedOptions parse(String[] arguments) {
        int cases = 4000;
        long seed = 1;
        List<Family> families = List.of(Family.values());
        List<String> oracles = List.of("bochs");
        boolean help = false;
        for (int i = 0; i < arguments.length; i++) {
            String name = arguments[i];
            if (name.equals("--privileged")) {
                continue;
            }
            if (name.equals("--help") || name.equals("-h")) {
                help = true;
                continue;
            }
            int equals = name.indexOf('=');
            String flag = equals < 0 ? name : name.substring(0, equals);
            if (!List.of("--cases", "--seed", "--family", "--oracle").contains(flag)) {
                throw new UsageException("there is no flag " + flag + " with --privileged; --privileged --help lists them");
            }
            if (equals < 0 && i + 1 == arguments.length) {
                throw new UsageException(flag + " needs a value");
            }
            String value = equals < 0 ? arguments[++i] : name.substring(equals + 1);
            switch (flag) {
                case "--cases" -> cases = Math.toIntExact(number(flag, value, 1, Integer.MAX_VALUE));
                case "--seed" -> seed = number(flag, value, Long.MIN_VALUE, Long.MAX_VALUE);
                case "--family" -> families = families(value);
                default -> oracles = oracles(value);
            }
        }
        return new PrivilegedOptions(cases, seed, families, oracles, help);
    }

    private static long number(String flag, String value, long least, long most) {
        try {
            long number = Long.parseLong(value.replace("_", ""));
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw new UsageException("%s takes a number, not %s".formatted(flag, value));
    }

    private static List<Family> families(String value) {
        List<Family> wanted = new ArrayList<>();
        for (String label : value.split(",")) {
            wanted.add(Arrays.stream(Family.values()).filter(family -> family.label().equals(label)).findFirst()
                .orElseThrow(() -> new UsageException("there is no privileged family %s; the families are %s".formatted(label, labels()))));
        }
        return wanted;
    }

    private static List<String> oracles(String value) {
        List<String> wanted = List.of(value.split(","));
        for (String name : wanted) {
            if (!ORACLES.contains(name)) {
                throw new UsageException("there is no oracle %s; the oracles are %s".formatted(name, String.join(", ", ORACLES)));
            }
        }
        return wanted;
    }

    private static String labels() {
        return Arrays.stream(Family.values()).map(Family::label).collect(Collectors.joining(", "));
    }
}
