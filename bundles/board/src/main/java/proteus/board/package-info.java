/** The board of a PC: puts the parts together behind {@link proteus.api.io.Board}. */
package proteus.board;
