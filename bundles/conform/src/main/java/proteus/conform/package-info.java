/**
 * {@code ./proteus conform}: the modelled processor against the host's own. Random instruction cases run on both; what differs is minimised,
 * disassembled and reported. It knows the model only through its contracts.
 */
package proteus.conform;
