package proteus.silicon.cpu;

/** The semantics of an instruction that has no operation of its own in the interpreter. */
@FunctionalInterface
public interface Handler {
    /**
     * Executes. On a fault it throws what {@link Cpu#fault} gives, having changed nothing the guest can see (SDM 3A, 6.6:
     * faults are restartable). If the operation ends its block, {@link CpuLayout#RIP} already points behind the instruction
     * and the handler may change it.
     */
    void execute(Cpu cpu, Op op);
}
