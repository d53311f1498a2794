/**
 * The instructions that work on x87, MMX and XMM state (SDM vol. 1, chapters 8 to 12), split by family. Every class here is a
 * family of static handlers or arithmetic that they share; {@link FpuFamilies} puts them into the table.
 */
package proteus.silicon.fpu;
