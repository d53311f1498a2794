package proteus.shell.hostile;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import proteus.api.compose.Composition;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.silicon.HostMemory;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmEnd;
import proteus.api.vm.VmException;
import proteus.api.vm.VmSpec;

/** Runs hostile guests under one composition, each in a VM of its own, between frames of somebody else that must not change. */
public final class HostileRun {
    /** How the VMM says that its own code, not the guest's, has gone wrong. */
    private static final String EXCEPTION = "a technique or device failed";
    /** A guest whose timers keep it in HLT retires nothing. */
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final int WITNESS_FRAMES = 4;

    private final VirtualMachineManager manager;
    private final HostMemory memory;
    private final Composition composition;
    private final ExecutionEngine engine;
    private final long instructions;
    private final Map<String, Integer> ends = new TreeMap<>();
    private final List<String> findings = new ArrayList<>();
    private long retired;
    private long exits;

    /** @param instructions after which a guest is stopped */
    public HostileRun(VirtualMachineManager manager, HostMemory memory, Composition composition, ExecutionEngine engine, long instructions) {
        this.manager = manager;
        this.memory = memory;
        this.composition = composition;
        this.engine = engine;
        this.instructions = instructions;
    }

    /** How the guests ended, and how many each way. */
    public Map<String, Integer> ends() {
        return ends;
    }

    /** What must not be: a sentence with the seed for each. */
    public List<String> findings() {
        return findings;
    }

    public long retired() {
        return retired;
    }

    public long exits() {
        return exits;
    }

    /** Runs the guests of so many seeds from one on. */
    public void run(long firstSeed, int guests) {
        try (ScheduledExecutorService watchdog = Executors.newSingleThreadScheduledExecutor(task -> Thread.ofPlatform().daemon().unstarted(task))) {
            for (long seed = firstSeed; seed < firstSeed + guests; seed++) {
                one(seed, watchdog);
            }
        }
    }

    private void one(long seed, ScheduledExecutorService watchdog) {
        long free = memory.free();
        long before = witness(seed);
        VirtualMachine vm = create(seed);
        long behind = witness(seed);
        try {
            ScheduledFuture<?> stop = watchdog.schedule(vm::stop, PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            vm.inspect(inside -> {
                inside.step(instructions);
                return null;
            });
            stop.cancel(false);
            count(seed, vm);
        } catch (RuntimeException e) {
            findings.add("seed %d: %s".formatted(seed, e));
        } finally {
            vm.close();
            untouched(seed, before);
            untouched(seed, behind);
        }
        if (memory.free() != free) {
            findings.add("seed %d: %d bytes of host memory were not given back".formatted(seed, free - memory.free()));
        }
    }

    private VirtualMachine create(long seed) {
        byte[] image = new HostileGuest(seed).image();
        VmSpec.BootSpec boot = new VmSpec.BootSpec("hostile-" + seed, image, new byte[0], "");
        return manager.create(new VmSpec("hostile-" + seed, composition, HostileGuest.MEMORY, 1, VmSpec.Clock.COUNT, "max", true, boot, List.of(), engine));
    }

    private void count(long seed, VirtualMachine vm) {
        VmEnd end = endOf(vm);
        String way = end == null ? "still running" : end.kind().name().toLowerCase(java.util.Locale.ROOT).replace('_', ' ');
        ends.merge(way, 1, Integer::sum);
        if (end != null && end.message().startsWith(EXCEPTION)) {
            findings.add("seed %d: %s".formatted(seed, end.message()));
        }
        retired += vm.statistics().retired();
        exits += vm.statistics().counters().entrySet().stream().filter(counter -> counter.getKey().startsWith("exit.")).mapToLong(Map.Entry::getValue).sum();
    }

    private static VmEnd endOf(VirtualMachine vm) {
        try {
            return vm.awaitEnd(Duration.ZERO).orElse(null);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new VmException("interrupted", e);
        }
    }

    /** Frames of somebody else, with a pattern. */
    private long witness(long seed) {
        long frames = memory.allocate(WITNESS_FRAMES * (long) HostMemory.FRAME_SIZE, HostMemory.FRAME_SIZE, "witness");
        for (long at = 0; at < WITNESS_FRAMES * (long) HostMemory.FRAME_SIZE; at += 8) {
            memory.write64(frames + at, pattern(seed, at));
        }
        return frames;
    }

    private static long pattern(long seed, long at) {
        return (seed + 1) * 0x9e3779b97f4a7c15L ^ at;
    }

    private void untouched(long seed, long frames) {
        for (long at = 0; at < WITNESS_FRAMES * (long) HostMemory.FRAME_SIZE; at += 8) {
            if (memory.read64(frames + at) != pattern(seed, at)) {
                findings.add("seed %d: memory of another owner was changed, at host-physical address 0x%x".formatted(seed, frames + at));
                break;
            }
        }
        memory.release(frames, WITNESS_FRAMES * (long) HostMemory.FRAME_SIZE);
    }
}
