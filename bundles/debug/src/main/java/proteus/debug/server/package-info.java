/** The port, its sessions, and what each packet does (GDB manual, appendix E "Remote Protocol": Packets, Stop Reply Packets, General Query Packets). */
package proteus.debug.server;
