/** Gogo commands without a terminal: {@code ./proteus -c 'commands'} and {@code ./proteus -f file}. */
package proteus.shell.script;
