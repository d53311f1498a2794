package proteus.silicon.mmu;

import proteus.silicon.cpu.Cpu;

/** The memory unit of one processor. SKELETON SIGNATURES: the lead is filling this in. */
public final class Mmu implements AutoCloseable {
    public Mmu(Cpu cpu) {}

    /** Reads 8, 16, 32 or 64 bits with the current privilege, zero-extended. */
    public long read(long gva, int bits) {
        return switch (bits) {
            case 8 -> read8(gva) & 0xff;
            case 16 -> read16(gva) & 0xffff;
            case 32 -> read32(gva) & 0xffffffffL;
            default -> read64(gva);
        };
    }

    public void write(long gva, int bits, long value) {
        switch (bits) {
            case 8 -> write8(gva, (byte) value);
            case 16 -> write16(gva, (short) value);
            case 32 -> write32(gva, (int) value);
            default -> write64(gva, value);
        }
    }

    public byte read8(long gva) {
        return 0;
    }

    public short read16(long gva) {
        return 0;
    }

    public int read32(long gva) {
        return 0;
    }

    public long read64(long gva) {
        return 0;
    }

    public void write8(long gva, byte value) {}

    public void write16(long gva, short value) {}

    public void write32(long gva, int value) {}

    public void write64(long gva, long value) {}

    /** Reads any number of bytes (up to 4096); faults before anything is returned. */
    public void read(long gva, byte[] target, int offset, int length) {}

    /** Writes any number of bytes (up to 4096); faults before the first byte is written. */
    public void write(long gva, byte[] source, int offset, int length) {}

    /** Faults unless the whole range may be written now; for instructions that write in several parts, or write after other effects. */
    public void probeWrite(long gva, int bytes) {}

    public void probeRead(long gva, int bytes) {}

    // Accesses of the processor itself to descriptor tables, TSS, IDT: supervisor privilege whatever the CPL (SDM 3A, 4.6).
    public int systemRead8(long gva) {
        return 0;
    }

    public int systemRead16(long gva) {
        return 0;
    }

    public int systemRead32(long gva) {
        return 0;
    }

    public long systemRead64(long gva) {
        return 0;
    }

    public void systemWrite8(long gva, int value) {}

    public void systemWrite16(long gva, int value) {}

    public void systemWrite32(long gva, int value) {}

    public void systemWrite64(long gva, long value) {}

    /** Privilege, AC, SMAP or WP may have changed: choose the TLB that goes with them. */
    public void selectAccess() {}

    /** CR0, CR4, EFER paging bits changed: everything is flushed; the walker follows the new mode. */
    public void pagingModeChanged() {}

    /** MOV CR3 as the SDM has it (4.10.4.1): flushes non-global entries; PDPTEs are the caller's business. */
    public void loadCr3(long cr3) {}

    public void flushAll() {}

    /** INVLPG. */
    public void invalidatePage(long gva) {}

    /** Host-virtual address of a host-physical page's first byte, or 0 if there is no memory. */
    public long hostPage(long hpa) {
        return 0;
    }

    /**
     * Translates an instruction fetch.
     *
     * @return host-physical address; throws the page fault, or leaves the guest on an EPT violation
     */
    public long fetch(long gva) {
        return 0;
    }

    @Override
    public void close() {}
}
