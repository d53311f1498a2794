package proteus.api.vm;

/** Life of a virtual machine. */
public enum VmState {
    /** Built and loaded, never run. */
    CREATED,
    /** Its thread runs the guest. */
    RUNNING,
    /** At rest at an instruction boundary; can go on. */
    PAUSED,
    /** Safe, but cannot run: a technique is missing or failed. {@link VirtualMachine#reason()} says why. */
    PARKED,
    /** The guest ended it: power off, reset, debug exit or triple fault; its state can be inspected. */
    ENDED,
    /** Gone. */
    CLOSED
}
