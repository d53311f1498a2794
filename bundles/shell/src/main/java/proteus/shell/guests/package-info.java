/** Guests by name or by file, as commands ask for them. */
package proteus.shell.guests;
