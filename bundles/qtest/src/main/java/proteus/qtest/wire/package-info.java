/** Unix sockets of one process, served by one thread. */
package proteus.qtest.wire;
