/** Which instructions are tried, with which operands: forms from the decoder, random instances of them, random states. */
package proteus.conform.cases;
