/**
 * Images of the format qcow2, versions 2 and 3 (QEMU docs/interop/qcow2.txt): clusters found through two levels of tables, each with a
 * count of its references.
 *
 * <p>Metadata stays in memory until a flush and is then written so that after a crash at any moment, of this process or of the host's
 * power, nothing refers to a cluster that is not counted or not written: first counts and new tables, then what refers to them, and last
 * the lower counts of what was given up. A crash in between leaves clusters that nobody uses, which an examination reports as leaks.
 */
package proteus.backend.qcow2;
