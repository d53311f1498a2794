/**
 * A network of one machine, 10.0.2.0/24, whose gateway makes the guest's connections by sockets of the host, so that no privilege is
 * needed: ARP (RFC 826), DHCP (RFC 2131), DNS (RFC 1035), ICMP echo (RFC 792), UDP (RFC 768) and TCP (RFC 9293). Everything happens on the
 * machine's thread but waiting for sockets ({@link HostSockets}) and for the host's resolver. What the guest sends is not trusted.
 */
package proteus.backend.net.user;
