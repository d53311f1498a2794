/** Packets of the GDB remote serial protocol on the wire (GDB manual, appendix E "Remote Protocol": Overview, Packet Acknowledgment). */
package proteus.debug.rsp;
