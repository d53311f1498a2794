package proteus.loader;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import proteus.api.io.Board.FirmwareData;
import proteus.api.io.Board.MapEntry;
import proteus.api.memory.GuestMemory;
import proteus.api.vm.GuestLoadException;

/**
 * Usable memory of a guest and what of it is taken. Loaders put things only where the firmware's map says RAM and the memory agrees, and
 * only below 4 GiB, where every protocol can reach them.
 */
final class Ram implements ElfImage.Target {
    static final long PAGE = 0x1000, MIB = 1 << 20, BELOW_4G = 1L << 32;
    private static final int TYPE_RAM = 1;
    /** Real-mode interrupt vectors, BIOS data area and what customarily follows them: never given out. */
    private static final long LOW_START = 0x6000;
    /** Below 640 KiB but clear of the extended BIOS data area and of the page-table trampoline that 64-bit Linux puts under it. */
    private static final long LOW_END = 0x9_0000;
    private static final int CHUNK = 1 << 16;

    private final GuestMemory memory;
    private final List<Range> usable = new ArrayList<>();
    private final List<Range> taken = new ArrayList<>();

    Ram(GuestMemory memory, FirmwareData firmware) {
        this.memory = memory;
        for (MapEntry entry : firmware.map()) {
            long end = Math.min(entry.gpa() + entry.bytes(), BELOW_4G);
            if (entry.type() == TYPE_RAM && entry.gpa() >= 0 && entry.gpa() < end && memory.contains(entry.gpa(), end - entry.gpa())) {
                usable.add(new Range(entry.gpa(), end));
            }
        }
        usable.sort(Comparator.comparingLong(Range::start));
    }

    /** From start to end, exclusive. */
    record Range(long start, long end) {
        boolean overlaps(long from, long to) {
            return from < end && start < to;
        }
    }

    GuestMemory memory() {
        return memory;
    }

    @Override
    public long size() {
        return memory.size();
    }

    @Override
    public boolean has(long address, long bytes) {
        return isRam(address, bytes);
    }

    @Override
    public void put(long address, byte[] source, long offset, long fileBytes, long bytes) {
        write(address, source, offset, fileBytes);
        clear(address + fileBytes, bytes - fileBytes);
        take(address, bytes);
    }

    /** Whether the whole range is RAM that nothing has taken. */
    boolean free(long start, long bytes) {
        return isRam(start, bytes) && taken.stream().noneMatch(range -> range.overlaps(start, start + bytes));
    }

    boolean isRam(long start, long bytes) {
        return start >= 0 && bytes >= 0 && bytes <= BELOW_4G && start <= BELOW_4G
                && usable.stream().anyMatch(range -> start >= range.start && start + bytes <= range.end);
    }

    /** End of the RAM that contains an address, or the address itself if there is none. */
    long endOfRamAt(long address) {
        return usable.stream().filter(range -> range.start <= address && address < range.end).mapToLong(Range::end).findFirst().orElse(address);
    }

    void take(long start, long bytes) {
        if (bytes > 0) {
            taken.add(new Range(start, start + bytes));
        }
    }

    /** The lowest free place at or above an address, taken. */
    OptionalLong lowest(long from, long bytes, long alignment) {
        List<Range> sorted = taken.stream().sorted(Comparator.comparingLong(Range::start)).toList();
        for (Range range : usable) {
            long at = align(Math.max(range.start, from), alignment);
            for (Range other : sorted) {
                if (other.overlaps(at, at + Math.max(bytes, 1))) {
                    at = align(other.end, alignment);
                }
            }
            if (at < range.end && bytes <= range.end - at) {
                take(at, bytes);
                return OptionalLong.of(at);
            }
        }
        return OptionalLong.empty();
    }

    /** The highest free place whose last byte is at most {@code limit}, taken. */
    OptionalLong highest(long limit, long bytes, long alignment) {
        List<Range> sorted = taken.stream().sorted(Comparator.comparingLong(Range::end).reversed()).toList();
        for (Range range : usable.reversed()) {
            long end = Math.min(range.end, limit + 1);
            long at = (end - bytes) & -alignment;
            for (Range other : sorted) {
                if (at >= range.start && other.overlaps(at, at + Math.max(bytes, 1))) {
                    at = (other.start - bytes) & -alignment;
                }
            }
            if (at >= range.start && at + bytes <= end) {
                take(at, bytes);
                return OptionalLong.of(at);
            }
        }
        return OptionalLong.empty();
    }

    /** A place for the small structures of a boot protocol, cleared: in low memory, where any kernel finds them, else anywhere. */
    long structure(String what, long bytes, long alignment) {
        OptionalLong low = lowest(LOW_START, bytes, alignment);
        if (low.isPresent() && low.getAsLong() + bytes > LOW_END && low.getAsLong() < MIB) {
            taken.removeLast();
            low = lowest(MIB, bytes, alignment);
        }
        long at = low.orElseThrow(() -> new GuestLoadException("There is no room for the %s (%d bytes) in the guest's memory of %s: give the VM more memory."
                .formatted(what, bytes, mebibytes(size()))));
        clear(at, bytes);
        return at;
    }

    void write(long address, byte[] source, long offset, long length) {
        memory.write(address, source, (int) offset, (int) length);
    }

    void clear(long address, long bytes) {
        byte[] zeros = new byte[(int) Math.min(bytes, CHUNK)];
        for (long done = 0; done < bytes; done += zeros.length) {
            memory.write(address + done, zeros, 0, (int) Math.min(zeros.length, bytes - done));
        }
    }

    /** Text with a terminating zero. */
    void writeText(long address, byte[] text) {
        write(address, text, 0, text.length);
        memory.write8(address + text.length, 0);
    }

    static long align(long value, long alignment) {
        return value + alignment - 1 & -alignment;
    }

    /** For messages; rounded up, as a need is. */
    static String mebibytes(long bytes) {
        return (bytes + MIB - 1) / MIB + " MiB";
    }
}
