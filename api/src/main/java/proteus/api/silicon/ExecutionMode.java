package proteus.api.silicon;

/** Who owns what happens in the processor. */
public enum ExecutionMode {
    /** No hypervisor: exceptions and interrupts go through the IDT, ports and physical memory reach the {@link MachineBus}. The baseline of experiments. */
    NATIVE,
    /**
     * A hypervisor without hardware assistance owns ring 0: the guest runs deprivileged with the segment, page and
     * descriptor tables the hypervisor gave, and every exception, interrupt and system call exits to it before anything is pushed.
     */
    DEPRIVILEGED,
    /** VMX non-root operation under the current {@link Vmcs}. */
    VMX_NON_ROOT
}
