package proteus.silicon.mmu;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import proteus.api.silicon.HostMemory.FrameRun;

/** Who owns which frames: runs that do not touch, unless they are different owners'. */
final class FrameOwners {
    private final TreeMap<Long, FrameRun> runs = new TreeMap<>();

    List<FrameRun> runs() {
        return List.copyOf(runs.values());
    }

    /** Frames that nobody owns get an owner. */
    void add(long hpa, long bytes, String owner) {
        long start = hpa;
        long end = hpa + bytes;
        Map.Entry<Long, FrameRun> before = runs.lowerEntry(hpa);
        if (before != null && end(before.getValue()) == hpa && before.getValue().owner().equals(owner)) {
            start = before.getKey();
        }
        FrameRun after = runs.get(end);
        if (after != null && after.owner().equals(owner)) {
            runs.remove(end);
            end = end(after);
        }
        runs.put(start, new FrameRun(start, end - start, owner));
    }

    /** @throws IllegalArgumentException unless the frames are one owner's */
    void remove(long hpa, long bytes) {
        Map.Entry<Long, FrameRun> entry = runs.floorEntry(hpa);
        if (entry == null || end(entry.getValue()) < hpa + bytes) {
            throw new IllegalArgumentException("no allocation of %d bytes at HPA 0x%x".formatted(bytes, hpa));
        }
        FrameRun run = entry.getValue();
        runs.remove(entry.getKey());
        if (run.hpa() < hpa) {
            runs.put(run.hpa(), new FrameRun(run.hpa(), hpa - run.hpa(), run.owner()));
        }
        if (end(run) > hpa + bytes) {
            runs.put(hpa + bytes, new FrameRun(hpa + bytes, end(run) - hpa - bytes, run.owner()));
        }
    }

    private static long end(FrameRun run) {
        return run.hpa() + run.bytes();
    }
}
