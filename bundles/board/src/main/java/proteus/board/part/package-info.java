/** What all parts of the board share: the contract of a part, its state's encoding, byte-wide ports, clock arithmetic. */
package proteus.board.part;
