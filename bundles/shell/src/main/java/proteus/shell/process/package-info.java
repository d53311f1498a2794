/** The standard streams of the process: the one place outside the launcher that touches them. */
package proteus.shell.process;
