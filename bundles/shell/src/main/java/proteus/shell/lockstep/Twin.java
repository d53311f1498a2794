package proteus.shell.lockstep;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import proteus.api.memory.GuestMemory;
import proteus.api.memory.GuestMemoryException;
import proteus.api.memory.MemoryRegion;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VmState;
import proteus.shell.guests.GuestCode;

/** One of two runs of a guest, taken from instruction count to instruction count. */
final class Twin implements AutoCloseable {
    private static final int CHUNK = 1 << 20;

    private final VirtualMachine vm;

    Twin(VirtualMachine vm, Play play) {
        this.vm = vm;
        for (String text : play.typed()) {
            vm.console().typeAfterAny(play.prompts(), text.endsWith("\n") ? text : text + "\n");
        }
        play.until().ifPresent(vm.console()::stopAfter);
    }

    VirtualMachine vm() {
        return vm;
    }

    long retired() {
        return vm.statistics().retired();
    }

    boolean over() {
        return vm.state() != VmState.CREATED && vm.state() != VmState.PAUSED;
    }

    /** Runs until so many instructions have retired since the start, or the guest ends. */
    void advance(long retired) {
        long more = retired - retired();
        if (more > 0 && !over()) {
            vm.inspect(inside -> {
                inside.step(more);
                return null;
            });
        }
    }

    GuestView view() {
        return vm.inspect(inside -> GuestView.of(inside.cpu().exportState(), inside.deviceStates(), vm.console().text()));
    }

    /** The first guest-physical address whose bytes differ; empty if none does. */
    Optional<Long> memoryDifference(Twin other) {
        List<MemoryRegion> regions = vm.inspect(inside -> List.copyOf(inside.memory().map().regions()));
        byte[] mine = new byte[CHUNK];
        byte[] theirs = new byte[CHUNK];
        for (MemoryRegion region : regions) {
            for (long offset = 0; offset < region.bytes(); offset += CHUNK) {
                long gpa = region.gpa() + offset;
                int length = (int) Math.min(CHUNK, region.bytes() - offset);
                copy(gpa, length, mine);
                other.copy(gpa, length, theirs);
                int at = Arrays.mismatch(mine, 0, length, theirs, 0, length);
                if (at >= 0) {
                    return Optional.of(gpa + at);
                }
            }
        }
        return Optional.empty();
    }

    private void copy(long gpa, int length, byte[] target) {
        vm.inspect(inside -> {
            GuestMemory memory = inside.memory();
            memory.read(gpa, target, 0, length);
            return null;
        });
    }

    /** The instruction it executes next, in Intel syntax with its address. */
    String instruction() {
        return vm.inspect(inside -> {
            GuestCode code = new GuestCode(inside.cpu().exportState(), inside.memory());
            try {
                return "0x%x: %s".formatted(code.here(), code.line(code.here()).text());
            } catch (GuestMemoryException e) {
                return "0x%x: no memory here".formatted(code.here());
            }
        });
    }

    /** What differs now, in sentences. */
    List<String> differences(Twin other, boolean withMemory) {
        List<String> all = new ArrayList<>();
        if (retired() != other.retired()) {
            all.add("retired instructions: %d against %d".formatted(retired(), other.retired()));
        }
        if (over() != other.over()) {
            all.add("the first is %s, the second %s".formatted(status(), other.status()));
        }
        all.addAll(view().differences(other.view()));
        if (withMemory) {
            memoryDifference(other).ifPresent(gpa -> all.add("memory at guest-physical 0x%x".formatted(gpa)));
        }
        return all;
    }

    private String status() {
        return vm.state().name().toLowerCase(java.util.Locale.ROOT) + (vm.reason().isEmpty() ? "" : " (" + vm.reason() + ")");
    }

    @Override
    public void close() {
        vm.close();
    }
}
