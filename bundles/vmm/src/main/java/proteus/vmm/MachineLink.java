package proteus.vmm;

import proteus.api.vm.VmEnd;

/** What the parts of a VM ask of it; they are made before it is. */
final class MachineLink {
    private Machine machine;
    /** An end that was asked for before the machine was connected. */
    private VmEnd early;

    void connect(Machine connected) {
        machine = connected;
        if (early != null) {
            connected.requestEnd(early);
        }
    }

    void post(Runnable action) {
        if (machine != null) {
            machine.post(action);
        } else {
            // Still building, on the builder's thread: nothing runs that could be disturbed.
            action.run();
        }
    }

    void end(VmEnd.Kind kind, int status, String message) {
        VmEnd end = new VmEnd(kind, status, message);
        if (machine == null) {
            early = end;
        } else {
            machine.requestEnd(end);
        }
    }

    void reset(String how) {
        if (machine == null) {
            early = Machine.reset(how);
        } else {
            machine.requestReset(how);
        }
    }

    void mark(int value) {
        if (machine != null) {
            machine.mark(value);
        }
    }
}
