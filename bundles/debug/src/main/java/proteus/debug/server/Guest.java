package proteus.debug.server;

import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import proteus.api.silicon.DebugHit;
import proteus.api.state.ArchState;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VmException;
import proteus.api.vm.VmState;
import proteus.x86.paging.LinearMemory;
import proteus.debug.target.Registers;
import proteus.x86.format.Rflags;

/**
 * The guest in a debugger's hands. Registers are read from and written to the state that the CPU technique exports and imports, so
 * they are the guest's own whatever the technique made of them.
 */
final class Guest {
    /** Steps between two looks at whether the debugger has had enough. */
    private static final int BATCH = 500;
    /** Interruptibility state: blocking by STI and by MOV SS (SDM 3C, table 25-3). */
    private static final int BLOCKING_BY_STI = 1, SHADOWS = 3;

    private final VirtualMachine vm;
    private final Registers registers;
    private volatile boolean interruptsInSteps;

    Guest(VirtualMachine vm, Registers registers) {
        this.vm = vm;
        this.registers = registers;
    }

    Registers registers() {
        return registers;
    }

    ArchState state() {
        return vm.inspect(inside -> inside.cpu().exportState());
    }

    void change(UnaryOperator<ArchState> change) {
        vm.inspect(inside -> {
            inside.cpu().importState(change.apply(inside.cpu().exportState()));
            return null;
        });
    }

    byte[] read(long address, int length) {
        return vm.inspect(inside -> new LinearMemory(inside.cpu().exportState(), inside.memory()).read(linear(address), length));
    }

    boolean write(long address, byte[] bytes) {
        return vm.inspect(inside -> new LinearMemory(inside.cpu().exportState(), inside.memory()).write(linear(address), bytes));
    }

    private long linear(long address) {
        return registers.architecture().wide() ? address : address & 0xffff_ffffL;
    }

    /** Starts or resumes it; false if it has ended. */
    boolean goOn() {
        try {
            switch (vm.state()) {
                case CREATED -> vm.start();
                case PAUSED -> vm.resume();
                case RUNNING -> { }
                case PARKED, ENDED, CLOSED -> {
                    return false;
                }
            }
            return true;
        } catch (VmException e) {
            return false; // it ended meanwhile
        }
    }

    /** Whether an interrupt that waits is taken at a step, so that the step leads into its handler. */
    void interruptsInSteps(boolean wanted) {
        interruptsInSteps = wanted;
    }

    /**
     * Runs one instruction, and more while RIP is in a range: what GDB calls range stepping.
     *
     * @return the point that stopped it, if one did
     */
    Optional<DebugHit> step(long from, long to, BooleanSupplier enough) {
        if (vm.state() == VmState.RUNNING) {
            throw new VmException("VM " + vm.name() + " runs: nothing to step");
        }
        boolean done = false;
        while (!done && !enough.getAsBoolean() && (vm.state() == VmState.CREATED || vm.state() == VmState.PAUSED)) {
            done = vm.inspect(inside -> steps(inside, from, to));
        }
        return vm.inspect(VirtualMachine.Inspection::debugHit);
    }

    private boolean steps(VirtualMachine.Inspection inside, long from, long to) {
        for (int i = 0; i < BATCH; i++) {
            if (!interruptsInSteps) {
                holdInterrupts(inside);
            }
            inside.stepInstruction();
            long rip = inside.cpu().exportState().general().rip();
            if (inside.debugHit().isPresent() || vm.state() != VmState.PAUSED || rip < from || rip >= to) {
                return true;
            }
        }
        return false;
    }

    /** Gives the next instruction the interrupt shadow of STI, so that a step does not end in the handler of a timer. */
    private static void holdInterrupts(VirtualMachine.Inspection inside) {
        ArchState state = inside.cpu().exportState();
        ArchState.Events e = state.events();
        if ((state.general().rflags() & Rflags.IF) == 0 || (e.interruptibility() & SHADOWS) != 0 || e.pending() != 0 || e.activity() != 0) {
            return;
        }
        ArchState.Events shadow = new ArchState.Events(e.interruptibility() | BLOCKING_BY_STI, e.activity(), e.pendingDebug(), e.pending(),
                e.pendingErrorCode(), e.pendingInstructionLength());
        inside.cpu().importState(new ArchState(
                state.general(), state.segments(), state.control(), state.fpu(), state.msrs(), shadow, state.tsc()));
    }
}
