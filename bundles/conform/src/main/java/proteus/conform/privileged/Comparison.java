package proteus.conform.privileged;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** What differs between two outcomes of a case. */
final class Comparison {
    /**
     * One difference.
     *
     * @param where a register, or an address
     * @param address of the double word of memory; -1 for a register
     */
    record Difference(String where, int address, long oracle, long model) {
        /** Nothing but these bits differs. */
        boolean onlyIn(long bits) {
            return ((oracle ^ model) & ~bits) == 0;
        }

        @Override
        public String toString() {
            return "%s: oracle 0x%x, model 0x%x".formatted(where, oracle, model);
        }
    }

    private Comparison() {}

    static List<Difference> compare(Case c, Outcome oracle, Outcome model) {
        List<Difference> differences = new ArrayList<>();
        if (oracle.ending() != model.ending()) {
            differences.add(new Difference("ending (%s, model %s)".formatted(text(oracle.ending()), text(model.ending())), -1, oracle.ending().ordinal(), model.ending().ordinal()));
            return differences;
        }
        if (oracle.after() == null) {
            return differences;
        }
        Registers a = oracle.after();
        Registers b = model.after();
        add(differences, "vector", a.getInt(Registers.VECTOR), b.getInt(Registers.VECTOR));
        add(differences, "handler", a.getInt(Registers.MODE), b.getInt(Registers.MODE));
        add(differences, "error code", a.get(Registers.ERROR), b.get(Registers.ERROR));
        add(differences, "nested", a.getInt(Registers.NESTED), b.getInt(Registers.NESTED));
        for (Registers.Field field : Registers.FIELDS) {
            add(differences, field.name(), a.get(field), b.get(field));
        }
        TreeSet<Integer> addresses = new TreeSet<>(oracle.memory().keySet());
        addresses.addAll(model.memory().keySet());
        for (int address : addresses) {
            Integer x = oracle.memory().get(address);
            Integer y = model.memory().get(address);
            if (x == null || y == null || !x.equals(y)) {
                long before = before(c, address);
                differences.add(new Difference("memory 0x%x%s".formatted(address, x == null ? " (the oracle left it)" : y == null ? " (the model left it)" : ""), address,
                    x == null ? before : x & 0xffff_ffffL, y == null ? before : y & 0xffff_ffffL));
            }
        }
        return differences;
    }

    /** What a double word was when the case started. */
    private static long before(Case c, int address) {
        byte[] bytes = RomImage.initial(address, 4);
        for (Case.Patch patch : c.patches()) {
            for (int i = 0; i < 4; i++) {
                int at = address + i - patch.address();
                if (at >= 0 && at < patch.bytes().length) {
                    bytes[i] = patch.bytes()[at];
                }
            }
        }
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt() & 0xffff_ffffL;
    }

    private static void add(List<Difference> differences, String where, long oracle, long model) {
        if (oracle != model) {
            differences.add(new Difference(where, -1, oracle, model));
        }
    }

    private static String text(Outcome.Ending ending) {
        return ending.name().toLowerCase(java.util.Locale.ROOT);
    }
}
