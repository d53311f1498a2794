package proteus.cpu.hwassist;

import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.io.InterruptController;
import proteus.api.silicon.ExitInformation;
import proteus.api.silicon.ExitReason;
import proteus.api.silicon.Vmcs;
import proteus.api.silicon.VmcsField;
import proteus.api.silicon.VmxControls;
import proteus.x86.format.Cr0;
import proteus.x86.format.ExceptionVector;
import proteus.x86.format.Rflags;

/**
 * What is delivered to the guest at the next entry, in the order of SDM 3A 7.9: an event that an exit interrupted or an
 * exception of the exiting instruction first, then an NMI, then an external interrupt. What must wait opens a window exit.
 */
final class EventInjector {
    private static final int SHADOWS = VmxControls.BLOCKING_BY_STI | VmxControls.BLOCKING_BY_MOV_SS;

    private final Vmcs vmcs;
    private final Controls controls;
    private final InterruptController interrupts;
    private final EventCounters counters;
    private final boolean virtualNmis;

    private int pending;
    private int pendingErrorCode;
    private int pendingLength;
    private boolean nmiPending;
    private boolean injected;

    EventInjector(Vmcs vmcs, Controls controls, InterruptController interrupts, EventCounters counters) {
        this.vmcs = vmcs;
        this.controls = controls;
        this.interrupts = interrupts;
        this.counters = counters;
        this.virtualNmis = controls.virtualNmis();
    }

    /** Queues a fault of the instruction that exited. */
    void fault(int vector, int errorCode) {
        boolean withCode = ExceptionVector.pushesErrorCode(vector) && (vmcs.read(VmcsField.GUEST_CR0) & Cr0.PE) != 0;
        pending = VmxControls.INTERRUPTION_VALID
                | VmxControls.TYPE_HARDWARE_EXCEPTION
                | (withCode ? VmxControls.INTERRUPTION_ERROR_CODE : 0)
                | vector;
        pendingErrorCode = withCode ? errorCode : 0;
        pendingLength = 0;
        // A fault pushes RF set, so that an instruction breakpoint does not hit again on its return (SDM 3B 18.3.1.1).
        vmcs.write(VmcsField.GUEST_RFLAGS, vmcs.read(VmcsField.GUEST_RFLAGS) | Rflags.RF);
    }

    /** Queues a software interrupt or exception that the emulator met: it is the VMM's to deliver. */
    void software(int event, int length) {
        pending = event;
        pendingErrorCode = 0;
        pendingLength = length;
    }

    /** Queues a debug trap of the instruction before this one. */
    void debugTrap() {
        pending = VmxControls.INTERRUPTION_VALID | VmxControls.TYPE_HARDWARE_EXCEPTION | ExceptionVector.DB;
        pendingErrorCode = 0;
        pendingLength = 0;
    }

    /**
     * Queues a fault that came amid the delivery of the event queued now, if there is one: after it, or as a double fault
     * (SDM 3A, table 6-5; KVM: kvm_multiple_exception).
     *
     * @return false: a triple fault
     */
    boolean faultAmidDelivery(int vector, int errorCode) {
        boolean exceptionFirst = pending != 0 && (pending & VmxControls.TYPE_MASK) == VmxControls.TYPE_HARDWARE_EXCEPTION;
        int combined = exceptionFirst ? ExceptionVector.combine(pending & 0xff, vector) : vector;
        if (combined < 0) {
            return false;
        }
        fault(combined, combined == vector ? errorCode : 0);
        return true;
    }

    void generalProtection() {
        fault(ExceptionVector.GP, 0);
    }

    void undefinedOpcode() {
        fault(ExceptionVector.UD, 0);
    }

    /** Whether an event is already chosen for the next entry. */
    boolean occupied() {
        return pending != 0;
    }

    /** Whether HLT would end at once: an NMI waits, or an interrupt that the guest takes. */
    boolean wakes() {
        return pending != 0
                || nmi()
                || interrupts.pending() && (vmcs.read(VmcsField.GUEST_RFLAGS) & Rflags.IF) != 0;
    }

    private boolean nmi() {
        if (!nmiPending) {
            nmiPending = interrupts.takeNmi();
        }
        return nmiPending;
    }

    /** Before each entry: fills the VM-entry interruption information and the window controls. */
    void prepare() {
        if (pending == 0 && !nmi() && !interrupts.pending()) {
            controls.windows(false, false);
            return;
        }
        choose();
        controls.windows(interrupts.pending(), nmiPending && virtualNmis);
        if (pending != 0) {
            vmcs.write(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, pending & 0xffffffffL);
            vmcs.write(VmcsField.VM_ENTRY_EXCEPTION_ERROR_CODE, pendingErrorCode & 0xffffffffL);
            vmcs.write(VmcsField.VM_ENTRY_INSTRUCTION_LENGTH, pendingLength);
            injected = true;
        }
    }

    /** What is delivered next: what waits already, else an NMI, else an interrupt, as the guest takes them. */
    private void choose() {
        int interruptibility = (int) vmcs.read(VmcsField.GUEST_INTERRUPTIBILITY_STATE);
        if (pending == 0 && nmi() && (interruptibility & (SHADOWS | VmxControls.BLOCKING_BY_NMI)) == 0) {
            nmiPending = false;
            pending = VmxControls.INTERRUPTION_VALID | VmxControls.TYPE_NMI | ExceptionVector.NMI;
        }
        if (pending == 0
                && interrupts.pending()
                && (interruptibility & SHADOWS) == 0
                && (vmcs.read(VmcsField.GUEST_RFLAGS) & Rflags.IF) != 0) {
            int vector = interrupts.acknowledge();
            if (vector >= 0) {
                pending = VmxControls.INTERRUPTION_VALID | VmxControls.TYPE_EXTERNAL_INTERRUPT | vector;
            }
        }
    }

    /** Before each instruction of a guest that is emulated: whether an event comes first. {@link #delivered} follows. */
    boolean due() {
        choose();
        return pending != 0;
    }

    /** The event was delivered by emulation. */
    void delivered() {
        forget();
        counters.count(CountedEvent.INJECTED_EVENTS);
    }

    private void forget() {
        pending = 0;
        pendingErrorCode = 0;
        pendingLength = 0;
    }

    /** After each exit: forgets what was delivered, takes back what was not. */
    void afterExit(ExitReason reason, ExitInformation exit) {
        if (injected) {
            injected = false;
            // The processor clears the valid bit at a VM exit (SDM 3C 25.8.3); it still stands if the guest was never entered.
            if ((reason != ExitReason.KICKED && reason != ExitReason.BUDGET)
                    || (vmcs.read(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION) & VmxControls.INTERRUPTION_VALID & 0xffffffffL) == 0) {
                delivered();
            } else {
                vmcs.write(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, 0);
            }
        }
        int vectoring = exit.idtVectoring();
        if ((vectoring & VmxControls.INTERRUPTION_VALID) != 0 && reason != ExitReason.TASK_SWITCH) {
            redeliver(vectoring, exit);
        }
    }

    /** The exit came amid the delivery of an event: deliver it again (SDM 3C 28.2.4). */
    private void redeliver(int vectoring, ExitInformation exit) {
        int type = vectoring & VmxControls.TYPE_MASK;
        pending = vectoring & (VmxControls.INTERRUPTION_VALID | VmxControls.INTERRUPTION_ERROR_CODE | VmxControls.TYPE_MASK | 0xff);
        pendingErrorCode = (vectoring & VmxControls.INTERRUPTION_ERROR_CODE) != 0 ? exit.idtVectoringErrorCode() : 0;
        boolean software = type == VmxControls.TYPE_SOFTWARE_INTERRUPT
                || type == VmxControls.TYPE_SOFTWARE_EXCEPTION
                || type == VmxControls.TYPE_PRIVILEGED_SOFTWARE_EXCEPTION;
        pendingLength = software ? exit.instructionLength() : 0;
        if (type == VmxControls.TYPE_NMI) {
            // Else the entry that injects it would be refused (SDM 3C 27.3.1.5).
            interruptibility(0, VmxControls.BLOCKING_BY_NMI);
        }
    }

    /** An IRET had unblocked NMIs when its access exited: block again until it really ends (SDM 3C 28.2.3). */
    void blockNmi() {
        if (virtualNmis) {
            interruptibility(VmxControls.BLOCKING_BY_NMI, 0);
        }
    }

    /** The instruction that exited has been carried out: the shadow of STI or MOV SS is over. */
    void endShadow() {
        interruptibility(0, SHADOWS);
    }

    private void interruptibility(int set, int clear) {
        long old = vmcs.read(VmcsField.GUEST_INTERRUPTIBILITY_STATE);
        long changed = old & ~(long) clear | set;
        if (changed != old) {
            vmcs.write(VmcsField.GUEST_INTERRUPTIBILITY_STATE, changed);
        }
    }

    int pending() {
        return pending != 0 || !nmiPending ? pending : VmxControls.INTERRUPTION_VALID | VmxControls.TYPE_NMI | ExceptionVector.NMI;
    }

    int pendingErrorCode() {
        return pendingErrorCode;
    }

    int pendingLength() {
        return pendingLength;
    }

    void restore(int event, int errorCode, int length) {
        pending = event;
        pendingErrorCode = errorCode;
        pendingLength = length;
        nmiPending = false;
        injected = false;
    }
}
