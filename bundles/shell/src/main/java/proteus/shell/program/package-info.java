/**
 * The programs behind {@code ./proteus run}, {@code demo}, {@code guest} and {@code bench}: services that get the words of
 * the command line and give the exit status. What was asked for goes to standard output, our own messages to standard error.
 */
package proteus.shell.program;
