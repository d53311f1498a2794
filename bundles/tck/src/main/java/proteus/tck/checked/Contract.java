package proteus.tck.checked;

/** How a broken contract is told. */
public final class Contract {
    private Contract() {}

    public static void check(boolean kept, String what) {
        if (!kept) {
            throw new AssertionError("contract broken: " + what);
        }
    }

    public static <T> T present(T value, String from) {
        check(value != null, from + " gave null");
        return value;
    }
}
