/**
 * Xen's public paravirtual ABI for x86 as numbers and layouts (Xen public/xen.h, public/elfnote.h, public/arch-x86/xen.h and
 * xen-x86_64.h): what a domain builder writes, a guest's kernel reads and the hypervisor answers.
 */
@Export
@Version("1.0.0")
package proteus.x86.xen;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
