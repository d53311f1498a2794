package proteus.api.silicon;

import java.util.Objects;
import proteus.api.event.EventCounters;

/**
 * What a processor is created with.
 *
 * @param mode who owns ring 0
 * @param cpu CPU model: which CPUID features the hardware itself has, for example {@code max}
 * @param counters where hardware events are counted
 * @param bus what ports and physical addresses outside memory reach in {@link ExecutionMode#NATIVE}; {@link MachineBus#NONE} otherwise
 * @param wallClock true: the TSC follows the host's clock; false: it counts retired instructions
 * @param engine how guest code is executed
 */
public record ProcessorSettings(ExecutionMode mode, String cpu, EventCounters counters, MachineBus bus, boolean wallClock, ExecutionEngine engine) {
    public ProcessorSettings {
        Objects.requireNonNull(mode);
        Objects.requireNonNull(cpu);
        Objects.requireNonNull(counters);
        Objects.requireNonNull(bus);
        Objects.requireNonNull(engine);
    }

    /** With the reference engine. */
    public ProcessorSettings(ExecutionMode mode, String cpu, EventCounters counters, MachineBus bus, boolean wallClock) {
        this(mode, cpu, counters, bus, wallClock, ExecutionEngine.INTERPRETER);
    }
}
