package proteus.tck.checked;

import java.util.Optional;
import proteus.api.cpu.CpuVirtualization;
import proteus.api.cpu.RunOutcome;
import proteus.api.silicon.DebugHit;
import proteus.api.silicon.DebugPoints;
import proteus.api.silicon.Processor;
import proteus.api.state.ArchState;

/** A vCPU whose technique is checked at each call: one thread, nothing after close, answers that the contract allows, no exception for what a guest does. */
public final class CheckedCpu implements CpuVirtualization {
    private final CpuVirtualization technique;
    private final Processor processor;
    private final Thread owner = Thread.currentThread();
    private boolean closed;
    private boolean running;

    public CheckedCpu(CpuVirtualization technique, Processor processor) {
        this.technique = Contract.present(technique, "CpuTechnique.virtualize");
        this.processor = processor;
    }

    private void called(String method) {
        Contract.check(!closed, method + " after close");
        Contract.check(!running, method + " while the guest runs");
        Contract.check(Thread.currentThread() == owner, method + " from another thread than the vCPU's");
    }

    @Override
    public RunOutcome run() {
        called("run");
        long before = processor.retired();
        running = true;
        RunOutcome outcome;
        try {
            outcome = technique.run();
        } catch (RuntimeException e) {
            throw new AssertionError("what a guest does is data, but run threw " + e, e);
        } finally {
            running = false;
        }
        Contract.present(outcome, "run");
        Contract.check(processor.retired() >= before, "retired instructions went backwards");
        if (outcome == RunOutcome.FAILED) {
            String why = Contract.present(technique.failure(), "failure");
            Contract.check(!why.isBlank() && why.contains("0x"), "failure() must say in a sentence what and where, not '" + why + "'");
        }
        return outcome;
    }

    @Override
    public ArchState exportState() {
        called("exportState");
        ArchState state = Contract.present(technique.exportState(), "exportState");
        Contract.check(state.segments().registers().size() == 8, "the exported state has eight segment registers");
        Contract.check((state.general().rflags() & 2) != 0, "bit 1 of RFLAGS is always set");
        return state;
    }

    @Override
    public void importState(ArchState state) {
        called("importState");
        technique.importState(state);
    }

    @Override
    public long guestTsc() {
        called("guestTsc");
        return technique.guestTsc();
    }

    @Override
    public void debugPoints(DebugPoints points) {
        called("debugPoints");
        technique.debugPoints(points);
    }

    @Override
    public Optional<DebugHit> debugHit() {
        called("debugHit");
        return Contract.present(technique.debugHit(), "debugHit");
    }

    @Override
    public String failure() {
        called("failure");
        return Contract.present(technique.failure(), "failure");
    }

    @Override
    public void close() {
        called("close");
        technique.close();
        closed = true;
    }
}
