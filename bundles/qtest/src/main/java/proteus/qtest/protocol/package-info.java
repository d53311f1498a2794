/** QEMU's qtest protocol, requests and answers of one line each (QEMU, docs/devel/qtest). */
package proteus.qtest.protocol;
