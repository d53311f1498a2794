/** The standard streams of the process, for the subcommands. */
package proteus.shell.process;
