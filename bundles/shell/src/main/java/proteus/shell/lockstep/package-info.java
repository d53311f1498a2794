/** The same guest twice, side by side, under the count clock: whatever differs is the fault of a technique, an engine or a hand-over. */
package proteus.shell.lockstep;
