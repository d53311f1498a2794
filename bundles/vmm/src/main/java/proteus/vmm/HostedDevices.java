package proteus.vmm;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import proteus.api.event.EventCounters;
import proteus.api.io.BlockBackend;
import proteus.api.io.Bus;
import proteus.api.io.BusDevice;
import proteus.api.io.CharacterBackend;
import proteus.api.io.DeviceContext;
import proteus.api.io.DeviceSpec;
import proteus.api.io.InterruptLine;
import proteus.api.io.NetBackend;
import proteus.api.io.PciFunction;
import proteus.api.io.PciSlots;
import proteus.api.io.PlatformDevice;
import proteus.api.io.Ps2Port;
import proteus.api.io.Timers;
import proteus.api.io.Transport;
import proteus.api.memory.GuestMemory;

/**
 * The context of devices that a host process emulates while the VM is hosted: each access to their registers goes out to the process, each
 * use of their back ends is a system call. Guest memory is mapped into the process, and interrupts ride on its call to run the VM: both are free.
 */
record HostedDevices(DeviceContext machine, HostProcess process) implements DeviceContext {
    /** The wish with a back end that the process reaches by system calls. */
    DeviceSpec hosted(DeviceSpec spec) {
        Object backend = switch (spec.backend()) {
            case CharacterBackend characters -> new Characters(characters, process);
            case BlockBackend blocks -> new Blocks(blocks, process);
            case NetBackend network -> new Network(network, process);
            case RandomGenerator random -> new Entropy(random, process);
            case null, default -> spec.backend();
        };
        return new DeviceSpec(spec.role(), backend, spec.index(), spec.options());
    }

    @Override
    public Bus ports() {
        return new HostedBus(machine.ports(), process);
    }

    @Override
    public Bus mmio() {
        return new HostedBus(machine.mmio(), process);
    }

    @Override
    public Optional<PciSlots> pci() {
        return machine.pci().map(slots -> new Slots(slots, process));
    }

    @Override
    public GuestMemory memory() {
        return machine.memory();
    }

    @Override
    public InterruptLine interrupt(int gsi) {
        return machine.interrupt(gsi);
    }

    @Override
    public Optional<Ps2Port> keyboardPort() {
        return machine.keyboardPort();
    }

    @Override
    public Transport transport() {
        return machine.transport();
    }

    @Override
    public void platformDevice(PlatformDevice device) {
        machine.platformDevice(device);
    }

    /** The end of a time-out of the process's select. */
    @Override
    public Timers timers() {
        Timers timers = machine.timers();
        return new Timers() {
            @Override
            public long now() {
                return timers.now();
            }

            @Override
            public long wallSeconds() {
                return timers.wallSeconds();
            }

            @Override
            public Timer create(String name, Runnable action) {
                return timers.create(name, () -> {
                    process.work();
                    process.systemCall();
                    action.run();
                });
            }
        };
    }

    @Override
    public EventCounters counters() {
        return machine.counters();
    }

    @Override
    public void post(Runnable action) {
        machine.post(() -> {
            process.arrived();
            action.run();
        });
    }

    /** Registers that only the process knows. */
    private record Registers(BusDevice device, HostProcess process) implements BusDevice {
        @Override
        public long read(long offset, int size) {
            process.work();
            return device.read(offset, size);
        }

        @Override
        public void write(long offset, int size, long value) {
            process.work();
            device.write(offset, size, value);
        }
    }

    private record HostedBus(Bus bus, HostProcess process) implements Bus {
        @Override
        public Attachment attach(long start, long length, String name, BusDevice device) {
            return bus.attach(start, length, name, new Registers(device, process));
        }

        @Override
        public List<Range> ranges() {
            return bus.ranges();
        }
    }

    /** The bus itself and its configuration space are the VMM's. */
    private record Slots(PciSlots slots, HostProcess process) implements PciSlots {
        @Override
        public Slot plug(PciFunction function) {
            return slots.plug(new Function(function, process));
        }

        @Override
        public Slot plug(int device, int number, PciFunction function) {
            return slots.plug(device, number, new Function(function, process));
        }
    }

    private record Function(PciFunction function, HostProcess process) implements PciFunction {
        @Override
        public String name() {
            return function.name();
        }

        @Override
        public Identity identity() {
            return function.identity();
        }

        @Override
        public List<Bar> bars() {
            return function.bars().stream().map(bar -> new Bar(bar.index(), bar.kind(), bar.size(), new Registers(bar.registers(), process))).toList();
        }

        @Override
        public int capabilities() {
            return function.capabilities();
        }

        @Override
        public int readConfig(int offset) {
            return function.readConfig(offset);
        }

        @Override
        public void writeConfig(int offset, int value) {
            function.writeConfig(offset, value);
        }
    }

    /** A terminal: write for each byte out, read for each byte in. */
    private record Characters(CharacterBackend backend, HostProcess process) implements CharacterBackend {
        @Override
        public void output(int value) {
            process.systemCall();
            backend.output(value);
        }

        @Override
        public int input() {
            int value = backend.input();
            if (value >= 0) {
                process.systemCall();
            }
            return value;
        }

        @Override
        public boolean inputAvailable() {
            return backend.inputAvailable();
        }

        @Override
        public void onInput(Runnable listener) {
            backend.onInput(() -> {
                process.arrived();
                listener.run();
            });
        }
    }

    /** getrandom. */
    private record Entropy(RandomGenerator source, HostProcess process) implements RandomGenerator {
        @Override
        public long nextLong() {
            process.systemCall();
            return source.nextLong();
        }

        @Override
        public void nextBytes(byte[] bytes) {
            process.systemCall();
            source.nextBytes(bytes);
        }
    }

    /** A tap device: write for each frame out, read for each frame in. */
    private record Network(NetBackend backend, HostProcess process) implements NetBackend {
        @Override
        public byte[] address() {
            return backend.address();
        }

        @Override
        public void connect(Card card) {
            backend.connect(new Card() {
                @Override
                public boolean receive(byte[] frame, int length, int segment) {
                    process.arrived();
                    return card.receive(frame, length, segment);
                }

                @Override
                public boolean large() {
                    return card.large();
                }
            });
        }

        @Override
        public void transmit(byte[] frame, int length, int segment) {
            process.systemCall();
            backend.transmit(frame, length, segment);
        }

        @Override
        public void room() {
            backend.room();
        }

        @Override
        public boolean expecting() {
            return backend.expecting();
        }

        @Override
        public void close() {
            backend.close();
        }
    }

    /** A file: pread, pwrite, fallocate, fdatasync. */
    private record Blocks(BlockBackend backend, HostProcess process) implements BlockBackend {
        @Override
        public long size() {
            return backend.size();
        }

        @Override
        public boolean readOnly() {
            return backend.readOnly();
        }

        @Override
        public void read(long offset, byte[] target, int at, int length) throws IOException {
            process.systemCall();
            backend.read(offset, target, at, length);
        }

        @Override
        public void write(long offset, byte[] source, int at, int length) throws IOException {
            process.systemCall();
            backend.write(offset, source, at, length);
        }

        @Override
        public void discard(long offset, long length) throws IOException {
            process.systemCall();
            backend.discard(offset, length);
        }

        @Override
        public void writeZeroes(long offset, long length, boolean unmap) throws IOException {
            process.systemCall();
            backend.writeZeroes(offset, length, unmap);
        }

        @Override
        public void flush() throws IOException {
            process.systemCall();
            backend.flush();
        }

        @Override
        public void close() throws IOException {
            backend.close();
        }
    }
}
