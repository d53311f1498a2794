package proteus.tck.reference;

import java.util.HashMap;
import java.util.Map;
import proteus.api.memory.MemoryMap;
import proteus.api.silicon.GuestPaging;
import proteus.api.silicon.HostMemory;

/**
 * The walk of a guest's own tables as SDM 3A, 4.3 to 4.8, has it, written for tests without a look at any technique: what an access must
 * come to, and which entries get flags.
 */
public final class ReferenceWalk {
    private final GuestPaging paging;
    private final MemoryMap map;
    private final HostMemory host;
    private final boolean alignmentCheck;
    /** Guest-physical addresses of entries to what they must be afterwards. */
    public final Map<Long, Long> marked = new HashMap<>();

    /** Where an allowed access goes. */
    public long gpa;
    /** With which error code one that is not allowed faults. */
    public int errorCode;
    /** Every table that was read lies in memory. */
    public boolean backed = true;
    /** What the entries allow, the mode aside. */
    public boolean userPage, writePermission, executable;

    /** @param alignmentCheck RFLAGS.AC, which suspends SMAP */
    public ReferenceWalk(GuestPaging paging, MemoryMap map, HostMemory host, boolean alignmentCheck) {
        this.paging = paging;
        this.map = map;
        this.host = host;
        this.alignmentCheck = alignmentCheck;
    }

    /** Writes the flags that the walk sets into the guest's entries. */
    public void mark() {
        boolean wide = (paging.cr4() & 32) != 0;
        marked.forEach((at, value) -> {
            if (wide) {
                host.write64(map.hpa(at), value);
            } else {
                host.write32(map.hpa(at), value.intValue());
            }
        });
    }

    private long entry(long at, int size) {
        long hpa = map.hpa(at);
        if (hpa < 0) {
            backed = false;
            return size == 8 ? -1 : 0xffff_ffffL;
        }
        return size == 8 ? host.read64(hpa) : host.read32(hpa) & 0xffff_ffffL;
    }

    private void mark(long at, long entry, long flags) {
        if (map.regionAt(at) != null && map.regionAt(at).writable()) {
            marked.merge(at, entry | flags, (one, other) -> one | other);
        }
    }

    /** True: allowed, at {@link #gpa}; false: #PF with {@link #errorCode}. */
    public boolean walk(long gva, boolean write, boolean fetch, boolean user) {
        long cr4 = paging.cr4();
        boolean nxe = (paging.efer() & 0x800) != 0;
        boolean pae = (cr4 & 32) != 0;
        boolean longMode = (paging.efer() & 0x400) != 0;
        int code = (write ? 2 : 0) | (user ? 4 : 0) | (fetch && ((cr4 & 1 << 20) != 0 || pae && nxe) ? 16 : 0);
        errorCode = code;
        if ((paging.cr0() & 0x8000_0000L) == 0) {
            gpa = gva;
            userPage = writePermission = executable = true;
            return true;
        }
        long table = paging.cr3();
        if (pae && !longMode) {
            table = paging.pdpte((int) (gva >>> 30) & 3);
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
                reserved |= 0xf_ffff_ffff_ffffL & -(1L << paging.physicalBits());
                reserved |= nxe ? 0 : 1L << 63;
                reserved |= longMode ? 0 : 0x7ff0_0000_0000_0000L;
                reserved |= level == 4 ? 128 : 0;
                reserved |= large ? (1L << shift) - 1 & ~0x1fffL : 0;
            } else if (large) {
                reserved = 1 << 21 | 0x1f_e000L & -(1L << 13 + paging.physicalBits() - 32);
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
            boolean smap = (cr4 & 1 << 21) != 0 && !alignmentCheck;
            boolean allowed;
            if (fetch) {
                allowed = x && (user ? u : !(u && (cr4 & 1 << 20) != 0));
            } else {
                allowed = (user ? u : !(u && smap)) && (!write || w || !user && (paging.cr0() & 1 << 16) == 0);
            }
            if (!allowed) {
                errorCode = code | 1;
                return false;
            }
            mark(at, e, write ? 96 : 32);
            userPage = u;
            writePermission = w;
            executable = x;
            long mask = (1L << shift) - 1;
            gpa = (pae ? e & 0xf_ffff_ffff_f000L & ~mask : large ? e & 0xffc0_0000L | (e >>> 13 & 0xff) << 32 : e & 0xffff_f000L) | gva & mask;
            return true;
        }
    }
}
