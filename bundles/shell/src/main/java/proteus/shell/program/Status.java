package proteus.shell.program;

/** Exit statuses of the programs. */
final class Status {
    static final int SUCCESS = 0, FAILURE = 1, TIME_OUT = 2;
    /** EX_USAGE of BSD's sysexits.h. */
    static final int USAGE = 64;

    private Status() {}
}
