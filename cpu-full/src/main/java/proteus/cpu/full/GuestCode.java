package proteus.cpu.full;

import proteus.api.memory.MemoryMap;
import proteus.api.silicon.HostMemory;
import proteus.x86.decode.CodeSource;
import proteus.x86.decode.Decoder;
import proteus.x86.decode.Instruction;

/** The code of the guest's kernel, by linear address. */
final class GuestCode implements CodeSource {
    /** Thrown out of the decoder where there is no code to be fetched. */
    private static final class Unfetchable extends RuntimeException {
        private static final long serialVersionUID = 1L;
        static final Unfetchable INSTANCE = new Unfetchable();

        private Unfetchable() {
            super(null, null, false, false);
        }
    }

    private static final long NO_PAGE = 1;

    private final GuestTables tables;
    private final MemoryMap map;
    private final HostMemory memory;
    private long start;
    private long mask;
    /** The page fetched from last, its host-physical and guest-physical addresses, and whether its translation is global. */
    private long page = NO_PAGE;

    private long hpa;
    private long gpa;
    private boolean global;

    GuestCode(GuestTables tables, MemoryMap map, HostMemory memory) {
        this.tables = tables;
        this.map = map;
        this.memory = memory;
    }

    /**
     * Decodes the instruction at a linear address.
     *
     * @return false if it cannot be fetched, or is none
     */
    boolean decode(long gva, int mode, Instruction out) {
        page = NO_PAGE; // the frame behind a page may have changed
        start = gva;
        mask = mode == 64 ? -1 : 0xffffffffL;
        try {
            return Decoder.decode(this, mode, out) != Decoder.TOO_LONG;
        } catch (Unfetchable e) {
            return false;
        }
    }

    @Override
    public int byteAt(int offset) {
        long at = start + offset & mask;
        find(at);
        return memory.read8(hpa + (at & HostMemory.FRAME_SIZE - 1)) & 0xff;
    }

    private void find(long at) {
        if ((at & -HostMemory.FRAME_SIZE) == page) {
            return;
        }
        long found = tables.gpa(at);
        long behind = found < 0 || !tables.executable ? -1 : map.hpa(found);
        if (behind < 0) {
            throw Unfetchable.INSTANCE;
        }
        page = at & -HostMemory.FRAME_SIZE;
        gpa = found & -HostMemory.FRAME_SIZE;
        hpa = behind & -HostMemory.FRAME_SIZE;
        global = tables.global;
    }

    /** Guest-physical page that code at an address fetched before lies in. */
    long pageOf(long gva) {
        find(gva);
        return gpa;
    }

    boolean globalAt(long gva) {
        find(gva);
        return global;
    }
}
