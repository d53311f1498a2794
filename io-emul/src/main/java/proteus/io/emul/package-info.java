/** I/O technique {@code emul}: device models of what a real PC has, driven by the guest's unmodified drivers. */
package proteus.io.emul;
