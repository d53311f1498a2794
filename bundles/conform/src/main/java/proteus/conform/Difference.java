package proteus.conform;

/**
 * A difference, made as small as it can be.
 *
 * @param instruction disassembled
 * @param bytes in hexadecimal
 * @param where what differs first
 * @param host its value on the host
 * @param model its value on the model
 * @param states both outcomes and what was before, as far as it matters, in lines
 */
record Difference(String instruction, String bytes, String where, long host, long model, String states) {
}
