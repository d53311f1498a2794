/** Gogo commands: {@code vm:*}, {@code cpu:*}, {@code mem:*}, {@code tech:*}, {@code guest:*}. They return text and throw sentences. */
package proteus.shell.gogo;
