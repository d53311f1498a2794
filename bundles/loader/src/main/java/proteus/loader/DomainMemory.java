package proteus.loader;

import java.util.Arrays;
import proteus.api.memory.GuestMemory;
import proteus.api.memory.MemoryRegion;

/**
 * The memory of a domain in its pseudo-physical order: frame numbers from 0 without holes, behind them the machine frames that its page
 * tables will hold (Xen public/xen.h, "start of day"). The last frame is not the domain's: it holds the shared information.
 */
final class DomainMemory implements ElfImage.Target {
    private static final int SHIFT = 12, PAGE = 1 << SHIFT;

    private final GuestMemory memory;
    private final long[] gpas;
    private final long[] mfns;

    DomainMemory(GuestMemory memory) {
        this.memory = memory;
        int frames = (int) memory.map().regions().stream().filter(MemoryRegion::writable).mapToLong(MemoryRegion::bytes).sum() >>> SHIFT;
        gpas = new long[frames];
        mfns = new long[frames];
        int at = 0;
        for (MemoryRegion region : memory.map().regions()) {
            for (long offset = 0; region.writable() && offset < region.bytes(); offset += PAGE) {
                gpas[at] = region.gpa() + offset;
                mfns[at++] = memory.map().ownHpa(region.gpa() + offset) >>> SHIFT;
            }
        }
    }

    /** Frames of the domain. */
    int pages() {
        return gpas.length - 1;
    }

    long mfn(int pfn) {
        return mfns[pfn];
    }

    long sharedInfoMfn() {
        return mfns[pages()];
    }

    @Override
    public long size() {
        return (long) pages() << SHIFT;
    }

    @Override
    public void put(long address, byte[] source, long offset, long fileBytes, long bytes) {
        // Behind them all is clear.
        write(address, source, (int) offset, fileBytes);
    }

    @Override
    public boolean has(long address, long bytes) {
        return address >= 0 && bytes >= 0 && address <= size() && bytes <= size() - address;
    }

    void write64(long address, long value) {
        memory.write64(gpas[(int) (address >>> SHIFT)] | address & PAGE - 1, value);
    }

    void write32(long address, int value) {
        memory.write32(gpas[(int) (address >>> SHIFT)] | address & PAGE - 1, value);
    }

    void write(long address, byte[] source, int offset, long length) {
        for (long done = 0; done < length; ) {
            long at = address + done;
            int chunk = (int) Math.min(length - done, PAGE - (at & PAGE - 1));
            memory.write(gpas[(int) (at >>> SHIFT)] | at & PAGE - 1, source, (int) (offset + done), chunk);
            done += chunk;
        }
    }

    /** Every frame, the shared information's too: nothing of an earlier life is left. */
    void clear() {
        byte[] zeros = new byte[PAGE];
        Arrays.stream(gpas).forEach(gpa -> memory.write(gpa, zeros, 0, PAGE));
    }
}
