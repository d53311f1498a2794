package proteus.vmm;

import java.util.Optional;
import proteus.api.compose.CompositionReport;
import proteus.api.vm.VmShape;

/** What a hand-over has built, to be used or closed; once it is used, what the guest has left is to be closed instead. */
final class Successor implements AutoCloseable {
    private final CompositionReport examined;
    private final VmShape shape;
    private final Core core;
    private final int generation;
    private final Parts.Closing idle = new Parts.Closing();

    /**
     * @param core null when the one that carries the guest will do
     * @param generation of the memory map that the core knows
     */
    Successor(CompositionReport examined, VmShape shape, Core core, int generation) {
        this.examined = examined;
        this.shape = shape;
        this.core = core;
        this.generation = generation;
        if (core != null) {
            idle.own(core);
        }
    }

    CompositionReport examined() {
        return examined;
    }

    VmShape shape() {
        return shape;
    }

    Optional<Core> core() {
        return Optional.ofNullable(core);
    }

    int generation() {
        return generation;
    }

    /** The guest is here now, and nothing of what it left is used: tables, and the memory under them if that was left too. */
    void leave(Optional<Core> before, Optional<GuestFrames> memory) {
        idle.forget();
        memory.ifPresent(idle::own);
        before.ifPresent(idle::own);
    }

    @Override
    public void close() {
        idle.close();
    }
}
