/**
 * A policy that changes memory technique and engine of running VMs by their counters: between shadow and nested paging by the rule of X. Wang,
 * J. Zang, Z. Wang, Y. Luo, X. Li, Selective Hardware/Software Memory Virtualization, VEE 2011. Off unless configured.
 */
package proteus.adaptive;
