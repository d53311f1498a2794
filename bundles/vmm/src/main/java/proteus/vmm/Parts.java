package proteus.vmm;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.slf4j.LoggerFactory;
import proteus.api.cpu.CpuVirtualization;
import proteus.api.event.EventCounters;
import proteus.api.io.Board;
import proteus.api.io.Bus;
import proteus.api.io.Device;
import proteus.api.io.NetBackend;
import proteus.api.memory.GuestMemory;
import proteus.api.silicon.DebugHit;
import proteus.api.silicon.Processor;
import proteus.api.vm.GuestAbi;
import proteus.api.vm.GuestContract;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VmSpec;

/**
 * What one VM is made of.
 *
 * @param used the services that made the parts, to know whether one that leaves is among them
 * @param notes what the loader said
 * @param restart what the reset line does on a PC: all parts as after power-on, the guest loaded again
 * @param frames behind its memory
 * @param hostProcess does the work of the devices of a hosted VM
 * @param networks what its network cards are connected to
 * @param owned everything to close, in the order of making
 */
record Parts(
        VmSpec spec,
        GuestContract contract,
        GuestAbi abi,
        Vcpu vcpu,
        CoreFactory cores,
        MachineMemory memory,
        AddressBus ports,
        AddressBus mmio,
        Board board,
        List<Device> devices,
        MachineConsole console,
        VirtualClock clock,
        MachineSchedule schedule,
        EventCounters counters,
        MachineLink link,
        FirmwareLog firmwareLog,
        Set<Object> used,
        List<String> notes,
        Runnable restart,
        MachineFrames frames,
        HostProcess hostProcess,
        List<NetBackend> networks,
        Closing owned) {

    boolean uses(Object part) {
        return used.contains(part) || vcpu.core().map(core -> core.used().contains(part)).orElse(false);
    }

    /** Whether a hand-over can do without this part that it uses. */
    boolean replaceable(Object part) {
        return abi == GuestAbi.PC && !used.contains(part);
    }

    void close() {
        owned.close();
    }

    List<String> describe() {
        List<String> all = new ArrayList<>(notes);
        vcpu.core().ifPresent(core -> all.add(1, "execution engine: " + core.processor().engine()));
        all.addAll(board.describe());
        devices.forEach(device -> all.add(device.name()));
        return all;
    }

    VirtualMachine.Inspection inspection(HandOver handOver, LongConsumer step, Runnable stepInstruction, Supplier<Optional<DebugHit>> hit) {
        return new View(this, handOver, step, stepInstruction, hit);
    }

    private record View(Parts parts, HandOver handOver, LongConsumer stepper, Runnable instructionStepper, Supplier<Optional<DebugHit>> hit) implements VirtualMachine.Inspection {
        @Override
        public Processor processor() {
            return handOver.processor();
        }

        @Override
        public CpuVirtualization cpu() {
            return handOver.cpu();
        }

        @Override
        public GuestMemory memory() {
            return parts.memory;
        }

        @Override
        public Bus ports() {
            return parts.ports;
        }

        @Override
        public Bus mmio() {
            return parts.mmio;
        }

        @Override
        public Board board() {
            return parts.board;
        }

        @Override
        public Map<String, byte[]> deviceStates() {
            Map<String, byte[]> all = new LinkedHashMap<>();
            all.put("board", parts.board.exportState());
            parts.devices.forEach(device -> all.put(device.name(), device.exportState()));
            return all;
        }

        @Override
        public void step(long instructions) {
            stepper.accept(instructions);
        }

        @Override
        public void stepInstruction() {
            instructionStepper.run();
        }

        @Override
        public Optional<DebugHit> debugHit() {
            return hit.get();
        }
    }

    /** Closes what was made, the last first, all of it whatever fails. */
    static final class Closing {
        private final List<AutoCloseable> made = new ArrayList<>();

        <T extends AutoCloseable> T own(T part) {
            made.add(part);
            return part;
        }

        /** What was made is somebody else's now. */
        void forget() {
            made.clear();
        }

        void close() {
            for (int i = made.size() - 1; i >= 0; i--) {
                try {
                    made.get(i).close();
                } catch (IOException e) {
                    LoggerFactory.getLogger(Parts.class).warn("A disk image was not closed well: {}", e.getMessage());
                } catch (Exception e) {
                    LoggerFactory.getLogger(Parts.class).warn("A part of a VM was not closed well", e);
                }
            }
            made.clear();
        }
    }
}
