package proteus.shell.lockstep;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import proteus.api.vm.VmSpec;

/**
 * Finds the first instruction after which two runs differ: strides of equal length until a difference, then the stride before it again
 * in shorter ones, from fresh twins.
 */
public final class Divergence {
    private static final int FINER = 100;

    /**
     * Where two runs part.
     *
     * @param equal instructions after which they were still equal
     * @param different instructions after which they were not; one more than {@code equal} unless a technique cannot stop between
     * @param instruction the instruction in between
     * @param differences in sentences
     */
    public record Found(long equal, long different, String instruction, List<String> differences) {}

    /** How it went; {@code found} is empty if nothing differs. */
    public record Result(long instructions, long checks, Optional<Found> found) {
        public Map<String, Object> values() {
            Map<String, Object> all = new LinkedHashMap<>();
            all.put("instructions", instructions);
            all.put("checks", checks);
            all.put("equal", found.isEmpty());
            found.ifPresent(at -> {
                all.put("equalAfter", at.equal);
                all.put("differentAfter", at.different);
                all.put("instruction", at.instruction);
                all.put("differences", at.differences);
            });
            return all;
        }
    }

    private final Play play;
    private final VmSpec left;
    private final VmSpec right;
    private final boolean withMemory;
    private final Consumer<String> progress;
    private long checks;

    /** @param withMemory whether each check compares all memory; the end does always */
    public Divergence(Play play, VmSpec left, VmSpec right, boolean withMemory, Consumer<String> progress) {
        this.play = play;
        this.left = left;
        this.right = right;
        this.withMemory = withMemory;
        this.progress = progress;
    }

    /**
     * @param every instructions between two checks
     * @param until instructions after which it is enough
     */
    public Result search(long every, long until) {
        long equal = 0;
        long stride = every;
        Result last = stride(equal, stride, until);
        while (last.found.isPresent() && stride > 1 && last.found.get().different - last.found.get().equal > 1) {
            Found found = last.found.get();
            progress.accept("they differ between %d and %d instructions; looking closer".formatted(found.equal, found.different));
            equal = found.equal;
            stride = Math.max(1, (found.different - found.equal) / FINER);
            last = stride(equal, stride, found.different);
            if (last.found.isEmpty()) {
                // seen at the end of the longer stride only: in memory, which short strides may not look at
                return new Result(last.instructions, checks, Optional.of(found));
            }
        }
        return last;
    }

    private Result stride(long from, long stride, long until) {
        try (Twin first = play.start(left); Twin second = play.start(right)) {
            first.advance(from);
            second.advance(from);
            long equal = from;
            while (true) {
                String instruction = first.instruction();
                long next = Math.min(until, equal + stride);
                first.advance(next);
                second.advance(next);
                boolean end = next == until || first.over() || second.over();
                List<String> differences = first.differences(second, withMemory || end);
                checks++;
                if (!differences.isEmpty()) {
                    return new Result(first.retired(), checks, Optional.of(new Found(equal, first.retired(), instruction, differences)));
                }
                if (end) {
                    return new Result(first.retired(), checks, Optional.empty());
                }
                equal = next;
            }
        }
    }
}
