package proteus.vmm;

import java.util.Arrays;
import java.util.function.LongConsumer;
import java.util.zip.CRC32C;
import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.OutOfHostMemoryException;

/**
 * The frames behind the pages of one VM (ESX: its pmap). A page gets a frame at its first use: a run for a large page while the host has
 * plenty, else one frame, or the frame of zeros as long as it is only read. Addresses are offsets into the VM's store: RAM, then ROM.
 * Owned by the VM's thread.
 */
final class GuestFrames implements AutoCloseable {
    private static final int SHIFT = HostMemory.FRAME_SHIFT;
    private static final int FRAME = HostMemory.FRAME_SIZE;
    /** What large pages there are, the largest first. */
    private static final long[] RUNS = {1 << 30, 2 << 20};

    private static final byte[] ZEROS = new byte[FRAME];
    private static final int CHUNK_SHIFT = 21;

    private HostFrames host;
    private final EventCounters counters;
    private final String name;
    private final String owner;
    private final long ramBytes;
    /** Number of the frame behind each page; negative: a shared one; 0: none yet. */
    private int[] frames;
    /** Per 2 MiB of RAM: some page has, or had, a frame. */
    private boolean[] touched;
    /** The guest knows its frames: they stay. */
    private boolean pinned;
    private LongConsumer listener = offset -> { };

    /** @throws OutOfHostMemoryException when the host could never give so much */
    GuestFrames(HostFrames host, EventCounters counters, String name, long ramBytes) {
        if (ramBytes > host.memory().size()) {
            throw new OutOfHostMemoryException("VM %s wants more memory than the host has".formatted(name));
        }
        this.host = host;
        this.counters = counters;
        this.name = name;
        this.owner = name + " RAM";
        this.ramBytes = ramBytes;
        this.frames = new int[(int) (ramBytes >> SHIFT)];
        this.touched = new boolean[(int) ((ramBytes - 1 >> CHUNK_SHIFT) + 1)];
    }

    /** Who is told, with the offset of the page, before a frame goes or becomes read-only. */
    void listener(LongConsumer told) {
        listener = told;
    }

    HostFrames host() {
        return host;
    }

    long ramBytes() {
        return ramBytes;
    }

    /** RAM and what was appended. */
    long bytes() {
        return (long) frames.length << SHIFT;
    }

    /** Whether a page was ever used; one that was not is all zeros. */
    boolean used(long offset) {
        return frames[(int) (offset >> SHIFT)] != 0;
    }

    /** Adds pages with this content behind what there is; gives their offset. */
    long append(byte[] content, String what) {
        long hpa = host.memory().allocate(content.length, FRAME, name + " " + what);
        host.memory().write(hpa, content, 0, content.length);
        int first = frames.length;
        frames = Arrays.copyOf(frames, first + (content.length + FRAME - 1 >> SHIFT));
        for (int page = first; page < frames.length; page++) {
            frames[page] = (int) (hpa >> SHIFT) + page - first;
        }
        return (long) first << SHIFT;
    }

    /** Host-physical address to read from. */
    long hpa(long offset) {
        int frame = frames[(int) (offset >> SHIFT)];
        if (frame == 0) {
            frame = first((int) (offset >> SHIFT));
        }
        return (long) Math.abs(frame) << SHIFT | offset & FRAME - 1;
    }

    /** The first use of a page. */
    private int first(int page) {
        if (!touched[page >> CHUNK_SHIFT - SHIFT] && giveRun(page)) {
            return frames[page];
        }
        touched[page >> CHUNK_SHIFT - SHIFT] = true;
        return frames[page] = -number(host.zeros());
    }

    /** Backs a page, and all around it that one large page could map, with one run of frames. */
    private boolean giveRun(int page) {
        for (long bytes : RUNS) {
            long start = (long) page << SHIFT & -bytes;
            long length = Math.min(bytes, ramBytes - start);
            boolean whole = length == bytes || bytes == 1 << CHUNK_SHIFT;
            if (whole && untouched(start, length)) {
                long hpa = host.run(length, bytes, owner);
                if (hpa >= 0) {
                    for (int i = 0; i < length >> SHIFT; i++) {
                        frames[(int) (start >> SHIFT) + i] = number(hpa) + i;
                    }
                    Arrays.fill(touched, (int) (start >> CHUNK_SHIFT), (int) (start + length - 1 >> CHUNK_SHIFT) + 1, true);
                    return true;
                }
            }
        }
        return false;
    }

    /** Gives every page of RAM a frame of its own, for good. */
    void pin() {
        if (!pinned && untouched(0, ramBytes)) {
            pinned = pinWhole();
        }
        for (int page = 0; !pinned && page < ramBytes >> SHIFT; page++) {
            ownHpa((long) page << SHIFT, false);
        }
        pinned = true;
    }

    private boolean pinWhole() {
        long hpa = host.run(ramBytes, RUNS[0], owner);
        for (int page = 0; hpa >= 0 && page < ramBytes >> SHIFT; page++) {
            frames[page] = number(hpa) + page;
        }
        Arrays.fill(touched, hpa >= 0);
        return hpa >= 0;
    }

    private boolean untouched(long start, long length) {
        for (int chunk = (int) (start >> CHUNK_SHIFT); chunk <= (int) (start + length - 1 >> CHUNK_SHIFT); chunk++) {
            if (touched[chunk]) {
                return false;
            }
        }
        return true;
    }

    /** Host-physical address to write to: the page gets a frame of its own. */
    long ownHpa(long offset, boolean urgent) {
        int page = (int) (offset >> SHIFT);
        int frame = frames[page];
        if (frame <= 0) {
            frame = own(page, urgent);
        }
        return (long) frame << SHIFT | offset & FRAME - 1;
    }

    private int own(int page, boolean urgent) {
        if (frames[page] == 0) {
            if (!touched[page >> CHUNK_SHIFT - SHIFT] && giveRun(page)) {
                return frames[page];
            }
            frames[page] = number(host.frame(owner, urgent));
            touched[page >> CHUNK_SHIFT - SHIFT] = true;
            return frames[page];
        }
        long shared = (long) -frames[page] << SHIFT;
        if (host.takeBack(shared, owner)) {
            counters.count(CountedEvent.COW_BREAKS);
            listener.accept((long) page << SHIFT);
            frames[page] = number(shared);
            return frames[page];
        }
        long fresh = host.frame(owner, urgent);
        if (!host.isZeros(shared)) {
            counters.count(CountedEvent.COW_BREAKS);
            byte[] content = new byte[FRAME];
            host.memory().read(shared, content, 0, FRAME);
            host.memory().write(fresh, content, 0, FRAME);
        }
        listener.accept((long) page << SHIFT);
        frames[page] = number(fresh);
        host.leave(shared);
        return frames[page];
    }

    /** Whether a page has a frame that no other page has. */
    boolean owned(long offset) {
        return frames[(int) (offset >> SHIFT)] > 0;
    }

    /** Whether the pages from an offset on have frames of their own, in order and aligned to their length. */
    boolean contiguous(long offset, long bytes) {
        int page = (int) (offset >> SHIFT);
        int count = (int) (bytes >> SHIFT);
        if (page + count > frames.length || frames[page] <= 0 || (frames[page] & count - 1) != 0) {
            return false;
        }
        for (int i = 1; i < count; i++) {
            if (frames[page + i] != frames[page] + i) {
                return false;
            }
        }
        return true;
    }

    /** The content of a page of RAM is needed no longer. */
    void discard(long offset) {
        int page = (int) (offset >> SHIFT);
        if (frames[page] != 0 && !pinned) {
            listener.accept((long) page << SHIFT);
            drop(page);
            frames[page] = 0;
        }
    }

    /**
     * One round of content-based sharing over the VM's RAM, between two instructions. The first page of a content only leaves a hint; a
     * second one becomes the frame to share, and finds the first in the next round.
     *
     * @return how many pages gave their frame back
     */
    long share() {
        if (pinned) {
            return 0;
        }
        byte[] content = new byte[FRAME];
        byte[] other = new byte[FRAME];
        long before = counters.get(CountedEvent.PAGES_SHARED);
        for (int page = 0; page < ramBytes >> SHIFT; page++) {
            if (frames[page] > 0) {
                share(page, content, other);
            }
        }
        return counters.get(CountedEvent.PAGES_SHARED) - before;
    }

    private void share(int page, byte[] content, byte[] other) {
        long hpa = (long) frames[page] << SHIFT;
        host.memory().read(hpa, content, 0, FRAME);
        if (Arrays.equals(content, ZEROS)) {
            give(page, 0);
            return;
        }
        long hash = hash(content);
        long shared = host.join(hash, content, other);
        if (shared >= 0) {
            give(page, -number(shared));
        } else if (host.met(hash, hpa) && host.offer(hash, hpa)) {
            listener.accept((long) page << SHIFT);
            frames[page] = -frames[page];
        }
    }

    /** A page gives its own frame back. */
    private void give(int page, int instead) {
        listener.accept((long) page << SHIFT);
        host.release((long) frames[page] << SHIFT, FRAME);
        frames[page] = instead;
        counters.count(CountedEvent.PAGES_SHARED);
    }

    private static long hash(byte[] content) {
        CRC32C checksum = new CRC32C();
        checksum.update(content);
        return checksum.getValue() << 32 | Arrays.hashCode(content) & 0xffff_ffffL;
    }

    /** How many pages of RAM have frames of their own, and how many are on shared ones. */
    Count count() {
        long own = 0;
        long shared = 0;
        for (int page = 0; page < ramBytes >> SHIFT; page++) {
            own += frames[page] > 0 ? 1 : 0;
            shared += frames[page] < 0 ? 1 : 0;
        }
        return new Count(own, shared);
    }

    record Count(long own, long shared) {}

    private void drop(int page) {
        if (frames[page] > 0) {
            host.release((long) frames[page] << SHIFT, FRAME);
        } else if (frames[page] < 0) {
            host.leave((long) -frames[page] << SHIFT);
        }
    }

    /** The same pages in the memory of another host; those of zeros wait for their first use there. */
    GuestFrames copy(HostFrames target) {
        GuestFrames other = new GuestFrames(target, counters, name, ramBytes);
        try {
            byte[] content = new byte[FRAME];
            for (int page = 0; page < ramBytes >> SHIFT; page++) {
                if (frames[page] != 0) {
                    read(page, content);
                    if (!Arrays.equals(content, ZEROS)) {
                        target.memory().write(other.ownHpa((long) page << SHIFT, false), content, 0, FRAME);
                    }
                }
            }
            int first = (int) (ramBytes >> SHIFT);
            if (frames.length > first) {
                byte[] rom = new byte[frames.length - first << SHIFT];
                host.memory().read((long) frames[first] << SHIFT, rom, 0, rom.length);
                other.append(rom, "ROM");
            }
            return other;
        } catch (RuntimeException | Error e) {
            other.close();
            throw e;
        }
    }

    private void read(int page, byte[] content) {
        host.memory().read((long) Math.abs(frames[page]) << SHIFT, content, 0, FRAME);
    }

    /** Takes the frames of a copy and gives it the own ones. */
    void exchange(GuestFrames other) {
        HostFrames theirHost = other.host;
        int[] theirFrames = other.frames;
        boolean[] theirTouched = other.touched;
        other.host = host;
        other.frames = frames;
        other.touched = touched;
        host = theirHost;
        frames = theirFrames;
        touched = theirTouched;
    }

    private static int number(long hpa) {
        return (int) (hpa >> SHIFT);
    }

    @Override
    public void close() {
        for (int page = 0; page < frames.length; ) {
            int run = 1;
            if (frames[page] > 0) {
                while (page + run < frames.length && frames[page + run] == frames[page] + run && sameKind(page, page + run)) {
                    run++;
                }
                host.release((long) frames[page] << SHIFT, (long) run << SHIFT);
            } else {
                drop(page);
            }
            page += run;
        }
        frames = new int[0];
    }

    /** RAM and ROM have different owners. */
    private boolean sameKind(int page, int other) {
        return (long) page << SHIFT < ramBytes == (long) other << SHIFT < ramBytes;
    }
}
