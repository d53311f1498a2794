/**
 * The interpreter and the integer instructions (SDM vol. 2; vol. 1, chapter 7). Blocks of decoded instructions are cached by
 * physical page; the dense part of the instruction set runs in one switch, everything else through {@code HandlerTable}.
 */
package proteus.silicon.exec;
