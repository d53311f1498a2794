/** The command line in QEMU's form: options with one dash, values of comma-separated keys. */
package proteus.qtest.arguments;
