/** Guests that mean harm, by the thousand: whatever they do stays in their memory, and is no exception of ours. */
package proteus.shell.hostile;
