/**
 * What the processor does besides computing: segments and their checks (SDM 3A, ch. 3 and 5), far transfers, interrupts and
 * exceptions (ch. 6), tasks (ch. 7), control, debug and model-specific registers, ports, CPUID. One class per family; each
 * registers its instructions in the {@link proteus.silicon.cpu.HandlerTable}.
 */
package proteus.silicon.system;
