package proteus.shell.bench;

import java.util.Optional;

/** Something that can run loops: an engine of ours, another emulator, the bare processor. */
interface Contender {
    /** Of its column. */
    String name();

    /** Whether it is one of our engines, which the others are compared with. */
    default boolean ours() {
        return false;
    }

    /** Why it cannot take part here; empty when it can. */
    Optional<String> absence() throws InterruptedException;

    boolean suits(Loop loop);

    /**
     * Runs a loop once.
     *
     * @param scale so many times its usual iterations
     * @throws proteus.api.vm.VmException when it fails
     */
    Sample run(Loop loop, int scale) throws InterruptedException;
}
