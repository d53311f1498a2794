/** Where a serial console goes: files and sockets. */
package proteus.shell.console;
