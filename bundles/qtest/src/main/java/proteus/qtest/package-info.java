/** {@code ./proteus qtest}: device models driven from outside, in the language of QEMU's device tests (docs/qtest.md). */
package proteus.qtest;
