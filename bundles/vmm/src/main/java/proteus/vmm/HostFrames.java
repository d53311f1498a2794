package proteus.vmm;

import java.util.HashMap;
import java.util.Map;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.OutOfHostMemoryException;

/**
 * The frames of one host as its VMs get them, and those that pages share because their content is the same (Waldspurger 2002, section
 * 4). A shared frame is never written: who wants to write it takes a copy. Thread-safe.
 */
final class HostFrames {
    private static final String SHARED = "shared pages";
    private static final String ZERO = "the page of zeros";

    private final HostMemory memory;
    private final Map<Long, SharedFrame> byHash = new HashMap<>();
    private final Map<Long, SharedFrame> byHpa = new HashMap<>();
    /** Hashes met since the last {@link #forgetHints}, and the frame first met with each: the second page of the kind becomes the one to share. */
    private final Map<Long, Long> hints = new HashMap<>();
    private SharedFrame zeros;

    /** A frame that nobody writes; how many pages are behind it. */
    private static final class SharedFrame {
        final long hpa;
        final long hash;
        int pages = 1;

        SharedFrame(long hpa, long hash) {
            this.hpa = hpa;
            this.hash = hash;
        }
    }

    /**
     * What sharing has come to.
     *
     * @param frames that are shared, the one of zeros among them
     * @param pages of all VMs that these are behind
     */
    record Sharing(long frames, long pages) {}

    HostFrames(HostMemory memory) {
        this.memory = memory;
    }

    HostMemory memory() {
        return memory;
    }

    /** Frames kept for what cannot wait: half-done requests of devices, tables of techniques. */
    long reserve() {
        return Math.min(4 << 20, memory.size() / 32);
    }

    /** Whether there are frames for who can wait. */
    boolean plenty(long bytes) {
        return memory.free() - bytes >= reserve();
    }

    /**
     * A run of frames, so that large pages can map it, while the host has more than enough.
     *
     * @param alignment of the run, at least its length
     * @return its first byte, or -1
     */
    long run(long bytes, long alignment, String owner) {
        if (memory.free() - bytes < memory.size() / 8) {
            return -1;
        }
        try {
            return memory.allocate(bytes, alignment, owner);
        } catch (OutOfHostMemoryException e) {
            return -1; // no such run in one piece
        }
    }

    /**
     * One frame, zeroed.
     *
     * @param urgent it may be one of the reserve
     */
    long frame(String owner, boolean urgent) {
        if (!urgent && !plenty(HostMemory.FRAME_SIZE)) {
            throw new OutOfHostMemoryException("the host has no memory left for " + owner);
        }
        return memory.allocate(HostMemory.FRAME_SIZE, HostMemory.FRAME_SIZE, owner);
    }

    void release(long hpa, long bytes) {
        memory.release(hpa, bytes);
    }

    /** The frame of zeros, with one more page in front of it. */
    synchronized long zeros() {
        if (zeros == null) {
            zeros = new SharedFrame(frame(ZERO, true), 0);
            byHpa.put(zeros.hpa, zeros);
        } else {
            zeros.pages++;
        }
        return zeros.hpa;
    }

    /** A shared frame with exactly this content, with one more page in front of it; -1 if there is none. */
    synchronized long join(long hash, byte[] content, byte[] buffer) {
        SharedFrame frame = byHash.get(hash);
        if (frame == null) {
            return -1;
        }
        memory.read(frame.hpa, buffer, 0, buffer.length);
        if (!java.util.Arrays.equals(content, buffer)) {
            return -1;
        }
        frame.pages++;
        return frame.hpa;
    }

    /** Whether another frame had this hash since the hints were forgotten; the first one is remembered. */
    synchronized boolean met(long hash, long hpa) {
        Long first = hints.putIfAbsent(hash, hpa);
        return first != null && first != hpa;
    }

    synchronized void forgetHints() {
        hints.clear();
    }

    /** A page's own frame becomes one to share; false if the place is taken by another content with this hash. */
    synchronized boolean offer(long hash, long hpa) {
        if (byHash.containsKey(hash)) {
            return false;
        }
        SharedFrame frame = new SharedFrame(hpa, hash);
        byHash.put(hash, frame);
        byHpa.put(hpa, frame);
        memory.assign(hpa, HostMemory.FRAME_SIZE, SHARED);
        return true;
    }

    boolean isZeros(long hpa) {
        SharedFrame frame = zeros;
        return frame != null && frame.hpa == hpa;
    }

    /** Gives a shared frame to the only page in front of it; false if there are others, or it is the frame of zeros. */
    synchronized boolean takeBack(long hpa, String owner) {
        SharedFrame frame = byHpa.get(hpa);
        if (frame == zeros || frame.pages > 1) {
            return false;
        }
        byHash.remove(frame.hash);
        byHpa.remove(hpa);
        memory.assign(hpa, HostMemory.FRAME_SIZE, owner);
        return true;
    }

    /** One page less in front of a shared frame; without any it is free. */
    synchronized void leave(long hpa) {
        SharedFrame frame = byHpa.get(hpa);
        if (--frame.pages > 0) {
            return;
        }
        byHpa.remove(hpa);
        if (frame == zeros) {
            zeros = null;
        } else {
            byHash.remove(frame.hash);
        }
        memory.release(hpa, HostMemory.FRAME_SIZE);
    }

    /** How many pages are in front of a frame, 0 if it is not shared. */
    synchronized int pages(long hpa) {
        SharedFrame frame = byHpa.get(hpa);
        return frame == null ? 0 : frame.pages;
    }

    synchronized Sharing sharing() {
        return new Sharing(byHpa.size(), byHpa.values().stream().mapToLong(frame -> frame.pages).sum());
    }
}
