package proteus.api.vm;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.osgi.annotation.versioning.ProviderType;
import proteus.api.compose.Composition;
import proteus.api.compose.CompositionReport;
import proteus.api.cpu.CpuVirtualization;
import proteus.api.io.Board;
import proteus.api.io.Bus;
import proteus.api.io.TextScreen;
import proteus.api.memory.GuestMemory;
import proteus.api.silicon.DebugHit;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.silicon.Processor;

/** A virtual machine. Methods may be called from any thread; an illegal one for the state throws {@link VmException} with a clear sentence. */
@ProviderType
public interface VirtualMachine {
    String name();

    VmSpec spec();

    VmState state();

    /** Why it is parked, how it ended, or empty. */
    String reason();

    /** Its hypervisor now; {@link #spec} has the one it was made with. */
    CompositionReport composition();

    GuestContract contract();

    void start();

    /** Brings it to rest at an instruction boundary; returns when it is. */
    void pause();

    void resume();

    /** Ends the run as if the plug were pulled; its state stays for inspection. */
    void stop();

    /** Frees everything. */
    void close();

    /**
     * Gives the guest to other techniques, between two of its instructions, whether it runs or not. The guest cannot tell. On any failure
     * it stays with those it has and goes on.
     *
     * @param wish what it has from now on; its hypervisor is also the one that a later return of its parts leads back to
     * @throws VmException with the reason in one sentence: the composition is impossible, or the guest would see the change
     */
    HandOverReport swap(VmShape wish);

    /** The same, with who does the work of its devices as it is. */
    default HandOverReport swap(Composition wish, ExecutionEngine engine) {
        return swap(shape().with(wish).with(engine));
    }

    /** What {@link #swap} can change, as it is now. */
    VmShape shape();

    /**
     * Writes all that its guest could miss to a file, between two instructions; the guest goes on. The form knows no technique: another
     * composition may restore it. Disk images are not in it, only their names: they must not change until it is restored.
     *
     * @throws VmException with one sentence; then there is no new file
     */
    void snapshot(Path file);

    /** Why {@link #swap} to this would be refused now, in one sentence; empty if it would not. */
    Optional<String> objection(Composition wish);

    /** Hand-overs since the VM was made, the oldest first; of many, the latest. */
    List<HandOverReport> handOvers();

    /** How the silicon executes guest code now. */
    default ExecutionEngine engine() {
        return shape().engine();
    }

    /** Waits for the end of the run. */
    Optional<VmEnd> awaitEnd(Duration timeout) throws InterruptedException;

    VmConsole console();

    /** What its display shows, if it has one that shows text. */
    default Optional<TextScreen.Snapshot> screen() {
        return Optional.empty();
    }

    /**
     * Presses keys on its keyboard, once a text is on its screen; several wishes are served in their order.
     *
     * @param after text on the screen, empty for at once
     * @param keys as {@link proteus.api.io.Keyboard#typing} has them
     * @throws VmException with one sentence when there is no such key, or nothing to press or to look at
     */
    default void pressKeys(String after, String keys) {
        throw new VmException("this machine has no keyboard");
    }

    /** What firmware wrote to its debug port 0x402 and is still kept. */
    default String firmwareLog() {
        return "";
    }

    VmStatistics statistics();

    /**
     * Has an action done on the VM's thread after each so many instructions of its guest, exactly: it may look at the VM and change its
     * shape. The guest cannot tell. An action that throws is not asked again.
     *
     * @param instructions at least 1
     * @return ends it when closed
     */
    Watch watch(long instructions, Runnable action);

    /** See {@link #watch}. */
    interface Watch extends AutoCloseable {
        @Override
        void close();
    }

    /** Sentences about its parts: how it was started, its board, its devices. */
    List<String> describe();

    /** Runs a function on the VM's thread between two instructions, or here if the VM is at rest; for inspection and debugging. */
    <T> T inspect(Function<Inspection, T> function);

    /**
     * Attaches a debugger; a VM has at most one.
     *
     * @param listener told whenever the guest has come to rest, not for steps
     * @throws VmException when there is one already
     */
    DebugAttachment attachDebugger(DebugListener listener);

    /** What can be looked at. */
    interface Inspection {
        Processor processor();

        CpuVirtualization cpu();

        GuestMemory memory();

        Bus ports();

        Bus mmio();

        Board board();

        /** The state of the board and of each device as the guest could know it, by name. */
        Map<String, byte[]> deviceStates();

        /** Runs exactly n instructions (fewer only if the guest ends); the VM must be paused. */
        void step(long instructions);

        /**
         * Runs one instruction as a debugger counts them: also one that the technique carries out itself and that does not retire. Fewer
         * only if the guest ends, or a debug point is in front of it; the VM must be paused.
         */
        void stepInstruction();

        /** The debug point that the last run or step met, if it met one. */
        Optional<DebugHit> debugHit();
    }
}
