package proteus.cpu.para;

/** The two modes of a guest, kernel and user, and the ways between them: calls of the kernel's handlers, and IRET. */
interface GuestMode {
    boolean kernel();

    /** Host-physical address of the root of kernel mode. */
    long kernelRoot();

    /** The same of user mode, 0 before there is one. */
    long userRoot();

    /** Root of kernel mode, which is in force when this is asked for. */
    void kernelRoot(long hpa);

    /** @throws Refusal where user mode has the kernel's root */
    void userRoot(long hpa);

    /** STACK_SWITCH: where handlers find their frame when they are called from user mode. */
    void kernelStack(long selector, long pointer);

    /**
     * Calls the handler of a vector.
     *
     * @throws Refusal when it has none, or its stack is not there: the guest cannot go on
     */
    void exception(int vector, int errorCode, boolean hasErrorCode);

    void event();

    /** After SYSCALL in user mode; RCX and R11 are as it leaves them. */
    void systemCall();

    /** IRET: takes back what a handler's frame holds. */
    void returnFromHandler();

    /**
     * SET_SEGMENT_BASE: loads GS of user mode while the kernel's is in force.
     *
     * @throws Refusal when it cannot be loaded
     */
    void userGsSelector(int selector);
}
