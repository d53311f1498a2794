package proteus.vmm;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import proteus.api.silicon.HostMemory;
import proteus.api.vm.HostMemoryManager.Frames;
import proteus.api.vm.HostMemoryManager.HostUse;
import proteus.api.vm.HostMemoryManager.Sharing;

/**
 * Memory among the VMs of a host: sharing, and what is tried before a VM must wait because there is none left. First pages of equal
 * content are shared and pages of zeros given back, which costs no guest anything it knows of; then balloons are asked.
 */
final class HostMemories {
    /** A balloon is asked for so much at a time. */
    private static final long BALLOON_STEP = 16 << 20;
    /** With less to spare the VM would be here again at once. */
    private static final long RELIEF = 256 << 10;
    /** Two rounds: the second finds the pages that were the first of their content in the first. */
    private static final int ROUNDS = 2;
    /** How long other VMs may take for a round, or their guests for a balloon. */
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final Map<HostMemory, HostFrames> hosts = new ConcurrentHashMap<>();
    private final Supplier<Collection<Machine>> machines;

    HostMemories(Supplier<Collection<Machine>> machines) {
        this.machines = machines;
    }

    /** The frames of a host, which all its VMs share. */
    HostFrames of(HostMemory memory) {
        return hosts.computeIfAbsent(memory, HostFrames::new);
    }

    HostUse use() {
        long frames = 0;
        long pages = 0;
        for (HostFrames host : hosts.values()) {
            HostFrames.Sharing sharing = host.sharing();
            frames += sharing.frames();
            pages += sharing.pages();
        }
        return new HostUse(
                hosts.keySet().stream().mapToLong(HostMemory::size).sum(), hosts.keySet().stream().mapToLong(HostMemory::free).sum(), frames, pages);
    }

    List<Frames> frames() {
        List<Frames> all = new ArrayList<>();
        hosts.forEach((memory, host) -> memory.owners().forEach(run -> {
            long pages = 0;
            for (long at = run.hpa(); at < run.hpa() + run.bytes(); at += HostMemory.FRAME_SIZE) {
                pages += host.pages(at);
            }
            all.add(new Frames(run, pages));
        }));
        return all;
    }

    /** All rounds over all VMs, for a thread that is no VM's. */
    Sharing share() {
        long freed = 0;
        long scanned = 0;
        hosts.values().forEach(HostFrames::forgetHints);
        for (int round = 0; round < ROUNDS; round++) {
            for (Machine machine : machines.get()) {
                Sharing one = await(ask(machine));
                freed += one.freed();
                scanned = round == 0 ? scanned + one.scanned() : scanned;
            }
        }
        return new Sharing(freed, scanned);
    }

    private static CompletableFuture<Sharing> ask(Machine machine) {
        CompletableFuture<Sharing> answer = new CompletableFuture<>();
        machine.post(() -> answer.complete(machine.share()));
        return answer;
    }

    /** A VM that closes meanwhile does not answer. */
    private static Sharing await(CompletableFuture<Sharing> answer) {
        try {
            return answer.get(PATIENCE_NANOS, TimeUnit.NANOSECONDS);
        } catch (TimeoutException | ExecutionException e) {
            return new Sharing(0, 0);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Sharing(0, 0);
        }
    }

    /**
     * Finds memory for a VM that needs a frame, on its thread.
     *
     * @return whether it can go on
     */
    boolean relieve(Machine hungry, HostFrames host) {
        host.forgetHints();
        for (int round = 0; round < ROUNDS && !host.plenty(RELIEF); round++) {
            List<CompletableFuture<Sharing>> others = machines.get().stream().filter(machine -> machine != hungry).map(HostMemories::ask).toList();
            hungry.share();
            hungry.serveUntil(() -> others.stream().allMatch(CompletableFuture::isDone), PATIENCE_NANOS);
        }
        if (!host.plenty(RELIEF)) {
            List<Machine> giving = machines.get().stream().filter(machine -> machine != hungry && machine.inflatable(BALLOON_STEP)).toList();
            giving.forEach(machine -> machine.post(() -> machine.inflate(BALLOON_STEP)));
            if (!giving.isEmpty()) {
                hungry.serveUntil(() -> host.plenty(RELIEF), PATIENCE_NANOS);
            }
        }
        return host.plenty(RELIEF);
    }
}
