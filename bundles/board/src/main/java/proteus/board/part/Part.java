package proteus.board.part;

/** One chip or function of the board. All methods are called on the VM's thread. */
public interface Part {
    /** Name for people and for messages about bad state. */
    String name();

    /** Power-on state. */
    void reset();

    /** Writes all state that the guest could know. */
    void save(StateWriter out);

    /** Takes state over and re-arms what runs by time. */
    void load(StateReader in);

    /** A sentence for {@code vm:info}. */
    default String describe() {
        return name();
    }
}
