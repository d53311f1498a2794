package proteus.vmm;

import java.util.Optional;
import java.util.function.Supplier;
import proteus.api.silicon.DebugHit;
import proteus.api.silicon.DebugPoints;
import proteus.api.vm.DebugAttachment;
import proteus.api.vm.DebugListener;
import proteus.api.vm.VmException;
import proteus.api.vm.VmState;

/** The debugger of a VM, if it has one, and what stopped the VM last. On the VM's thread. */
final class MachineDebugging {
    /** Does something on the VM's thread. */
    interface Caller {
        <T> T call(Supplier<T> action);
    }

    private final Parts parts;
    private DebugListener listener;
    private Optional<DebugHit> lastHit = Optional.empty();

    MachineDebugging(Parts parts) {
        this.parts = parts;
    }

    DebugAttachment attach(DebugListener newListener, Caller caller) {
        if (listener != null) {
            throw new VmException("VM " + parts.spec().name() + " has a debugger already: detach that one first");
        }
        listener = newListener;
        return new DebugAttachment() {
            @Override
            public void points(DebugPoints points) {
                caller.call(() -> {
                    if (listener == newListener) {
                        set(points);
                    }
                    return null;
                });
            }

            @Override
            public void close() {
                try {
                    points(DebugPoints.NONE);
                    caller.call(() -> listener = listener == newListener ? null : listener);
                } catch (VmException e) {
                    // the VM is closed
                }
            }
        };
    }

    private void set(DebugPoints points) {
        parts.vcpu().debugPoints(points);
    }

    /** The guest goes on. */
    void begin() {
        lastHit = Optional.empty();
    }

    /** The guest met a point: a sentence about it. */
    String hit() {
        lastHit = parts.vcpu().cpu().debugHit().or(() -> parts.vcpu().processor().debugHit());
        return lastHit.map(hit -> "stopped for the debugger %s 0x%x".formatted(switch (hit.kind()) {
            case INSTRUCTION -> "in front of the instruction at";
            case READ -> "by a read of";
            case WRITE -> "by a write to";
        }, hit.address())).orElse("stopped for the debugger");
    }

    Optional<DebugHit> lastHit() {
        return lastHit;
    }

    void tell(VmState state) {
        if (listener != null) {
            listener.stopped(state, lastHit);
        }
    }
}
