package proteus.mem.shadow;

import java.util.HashMap;
import java.util.Map;

/**
 * The walk of a guest's own tables as SDM 3A, 4.3 to 4.8, has it, written for the test without a look at the technique's: what an
 * access must come to, and which entries get flags.
 */
final class ReferenceWalk {
    private final Machine machine;
    /** Guest-physical addresses of entries to what they must be afterwards. */
    final Map<Long, Long> marked = new HashMap<>();

    long gpa;
    int errorCode;
    boolean backed = true;
    boolean userPage;
    boolean writePermission;

    ReferenceWalk(Machine machine) {
        this.machine = machine;
    }

    private long entry(long at, int size) {
        long hpa = machine.hpa(at);
        if (hpa < 0) {
            backed = false;
            return size == 8 ? -1 : 0xffff_ffffL;
        }
        return size == 8 ? machine.host.read64(hpa) : machine.host.read32(hpa) & 0xffff_ffffL;
    }

    private void mark(long at, long entry, long flags) {
        if (machine.regionAt(at) != null && machine.regionAt(at).writable()) {
            marked.merge(at, entry | flags, (one, other) -> one | other);
        }
    }

    /** True: allowed, at {@link #gpa}; false: #PF with {@link #errorCode}. */
    boolean walk(long gva, boolean write, boolean fetch, boolean user) {
        long cr4 = machine.cr4;
        boolean nxe = (machine.efer & 0x800) != 0;
        boolean pae = (cr4 & 32) != 0;
        boolean longMode = (machine.efer & 0x400) != 0;
        int code = (write ? 2 : 0) | (user ? 4 : 0) | (fetch && ((cr4 & 1 << 20) != 0 || pae && nxe) ? 16 : 0);
        errorCode = code;
        if ((machine.cr0 & 0x8000_0000L) == 0) {
            gpa = gva;
            userPage = writePermission = true;
            return true;
        }
        long table = machine.cr3;
        if (pae && !longMode) {
            table = machine.pdptes[(int) (gva >>> 30) & 3];
            if ((table & 1) == 0) {
                return false;
            }
        }
        int size = pae ? 8 : 4;
        int bits = pae ? 9 : 10;
        boolean w = true;
        boolean u = true;
        boolean x = true;
        for (int level = longMode ? 4 : 2; ; level--) {
            int shift = 12 + bits * (level - 1);
            long at = (table & (pae ? 0xf_ffff_ffff_f000L : 0xffff_f000L)) + (gva >>> shift & (1 << bits) - 1) * size;
            long e = entry(at, size);
            if ((e & 1) == 0) {
                return false;
            }
            boolean ps = (e & 128) != 0;
            boolean large = ps && (longMode ? level == 2 || level == 3 : level == 2 && (pae || (cr4 & 16) != 0));
            long reserved = 0;
            if (pae) {
                reserved |= 0xf_ffff_ffff_ffffL & -(1L << Machine.PHYSICAL_BITS);
                reserved |= nxe ? 0 : 1L << 63;
                reserved |= longMode ? 0 : 0x7ff0_0000_0000_0000L;
                reserved |= level == 4 ? 128 : 0;
                reserved |= large ? (1L << shift) - 1 & ~0x1fffL : 0;
            } else if (large) {
                reserved = 1 << 21 | 0x1f_e000L & -(1L << 13 + Machine.PHYSICAL_BITS - 32);
            }
            if ((e & reserved) != 0) {
                errorCode = code | 9;
                return false;
            }
            w &= (e & 2) != 0;
            u &= (e & 4) != 0;
            x &= !(nxe && e < 0);
            if (level > 1 && !large) {
                mark(at, e, 32);
                table = e;
                continue;
            }
            boolean smap = (cr4 & 1 << 21) != 0 && (machine.processor.registers().rflags() & 1 << 18) == 0;
            boolean allowed;
            if (fetch) {
                allowed = x && (user ? u : !(u && (cr4 & 1 << 20) != 0));
            } else {
                allowed = (user ? u : !(u && smap)) && (!write || w || !user && (machine.cr0 & 1 << 16) == 0);
            }
            if (!allowed) {
                errorCode = code | 1;
                return false;
            }
            mark(at, e, write ? 96 : 32);
            userPage = u;
            writePermission = w;
            long mask = (1L << shift) - 1;
            gpa = (pae ? e & 0xf_ffff_ffff_f000L & ~mask : large ? e & 0xffc0_0000L | (e >>> 13 & 0xff) << 32 : e & 0xffff_f000L) | gva & mask;
            return true;
        }
    }
}
