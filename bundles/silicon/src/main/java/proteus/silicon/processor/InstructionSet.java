package proteus.silicon.processor;

import proteus.silicon.cpu.HandlerTable;

/** All instruction families of the model in one table. */
final class InstructionSet {
    private static final HandlerTable HANDLERS = assemble();

    private InstructionSet() {}

    static HandlerTable handlers() {
        return HANDLERS;
    }

    private static HandlerTable assemble() {
        HandlerTable table = new HandlerTable();
        proteus.silicon.exec.Integers.register(table);
        proteus.silicon.system.Families.register(table);
        proteus.silicon.fpu.FpuFamilies.register(table);
        return table;
    }
}
