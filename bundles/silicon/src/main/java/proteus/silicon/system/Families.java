package proteus.silicon.system;

import proteus.silicon.cpu.HandlerTable;

/** All instruction families of this package. */
public final class Families {
    private Families() {}

    public static void register(HandlerTable t) {
        SegmentMoves.register(t);
        DescriptorInstructions.register(t);
        FarTransfers.register(t);
        FarReturns.register(t);
        FastCalls.register(t);
        SoftwareInterrupts.register(t);
        ControlRegisters.register(t);
        DebugRegisters.register(t);
        FlagInstructions.register(t);
        PortInstructions.register(t);
        ModelSpecificRegisters.register(t);
        Miscellaneous.register(t);
        VmxInstructions.register(t);
        Cpuid.register(t);
    }
}
