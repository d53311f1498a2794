package proteus.api.silicon;

/** How silicon that executes guest code in software does so. Silicon that does not ignores the wish. */
public enum ExecutionEngine {
    /** Whatever is fastest on this host. */
    AUTO,
    /** Guest code is translated to code of the host; refused where the host cannot. */
    NATIVE,
    /** Guest code is interpreted, on any host. */
    INTERPRETER
}
