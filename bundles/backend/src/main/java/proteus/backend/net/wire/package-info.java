/** What is on the way between a card and its network: numbers in frames, frames that wait, frames that stand for several. */
package proteus.backend.net.wire;
