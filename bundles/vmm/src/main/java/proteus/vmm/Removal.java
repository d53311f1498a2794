package proteus.vmm;

import java.util.List;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.Silicon;
import proteus.api.vm.MemorySize;

/**
 * Guest memory moves to the memory of another silicon: copied first, the old frames freed when the hand-over is sure. On the VM's thread,
 * while no instruction of the guest runs; devices and the board find it through the same {@link MachineMemory}.
 *
 * @param left the frames of before, or null
 */
record Removal(Parts parts, GuestFrames left) {
    /** Memory stays where it is. */
    static final Removal NONE = new Removal(null, null);

    /** @throws proteus.api.silicon.OutOfHostMemoryException when it does not fit there; nothing has changed then */
    static Removal to(Parts parts, Silicon silicon, List<String> steps) {
        GuestFrames frames = parts.frames().own();
        GuestFrames copy = frames.copy(parts.frames().host().of(silicon.hostMemory()));
        frames.exchange(copy);
        Removal removal = new Removal(parts, copy);
        removal.tell();
        steps.add("copied %s of the guest's memory to silicon '%s'".formatted(MemorySize.format(frames.count().own() * HostMemory.FRAME_SIZE), silicon.name()));
        return removal;
    }

    /** The hand-over failed. */
    void undo() {
        if (left != null) {
            parts.frames().own().exchange(left);
            tell();
            left.close();
        }
    }

    private void tell() {
        HostMemory memory = parts.frames().own().host().memory();
        parts.memory().on(memory);
        parts.cores().memory().on(memory);
    }
}
