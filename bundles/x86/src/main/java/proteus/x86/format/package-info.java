/**
 * The formats the processor reads and writes in memory and in its control registers: page-table entries, descriptors, task
 * state segments, flag and control bits, MSR numbers, exception vectors (SDM vol. 3A chapters 2 to 8, 3C chapter 29, vol. 4).
 * Everything is static and works on plain ints and longs, for use in hot loops.
 */
@Export
@Version("1.0.0")
package proteus.x86.format;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
