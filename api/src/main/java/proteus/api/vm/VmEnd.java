package proteus.api.vm;

/**
 * How a guest's run ended.
 *
 * @param kind which way
 * @param status value written to the debug-exit port, else 0
 * @param message one sentence for people: for a failure where (RIP, CR3), the last console lines and what to try next
 */
public record VmEnd(Kind kind, int status, String message) {
    /** Ways to end. */
    public enum Kind {
        POWER_OFF,
        RESET,
        DEBUG_EXIT,
        /** The text that {@link VmConsole#stopAfter} waits for was printed. */
        TEXT_SEEN,
        TRIPLE_FAULT,
        /** Stopped by the user. */
        STOPPED,
        /** A technique or device failed. */
        FAILED
    }

    /** Whether the guest ended well: power off, a reboot, the awaited text, or debug exit with 0. */
    public boolean success() {
        return kind == Kind.POWER_OFF || kind == Kind.RESET || kind == Kind.TEXT_SEEN || kind == Kind.DEBUG_EXIT && status == 0;
    }
}
