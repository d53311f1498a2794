/**
 * The comparison behind {@code ./proteus bench}: the same loops on our engines, on other emulators and on the bare processor. How it is
 * measured and why it is fair is said in {@code docs/performance.md}.
 */
package proteus.shell.bench;
