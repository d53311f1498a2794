package proteus.conform.privileged;

import proteus.api.event.EventCounters;
import proteus.api.silicon.ExecutionMode;
import proteus.api.silicon.ExitReason;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.MachineBus;
import proteus.api.silicon.Processor;
import proteus.api.silicon.ProcessorSettings;
import proteus.api.silicon.Silicon;
import proteus.conform.privileged.Outcome.Ending;

/** The modelled processor without a hypervisor: memory, the image below 4 GiB, and nothing on the bus but the port the driver writes to. */
final class ModelMachine implements Machine {
    private static final long TOP = 1L << 32;
    private static final int RAM = 1 << 20, PORT = 0xe9;
    private static final long CHUNK = 200_000;
    /** So many instructions without a byte: nothing will come. A case takes the driver some 20,000. */
    private static final long PATIENCE = 5_000_000;

    private final Silicon silicon;
    private final HostMemory memory;
    private final long allocated;

    ModelMachine(Silicon silicon) {
        this.silicon = silicon;
        memory = silicon.hostMemory();
        // frame 0 is never given, but is there
        allocated = memory.allocate(TOP - HostMemory.FRAME_SIZE, HostMemory.FRAME_SIZE, "conform");
        if (allocated != HostMemory.FRAME_SIZE) {
            memory.release(allocated, TOP - HostMemory.FRAME_SIZE);
            throw new IllegalStateException("the modelled machine's first 4 GiB are not free: privileged cases need a silicon of their own");
        }
    }

    @Override
    public String name() {
        return "model";
    }

    @Override
    public String description() {
        return "the model";
    }

    @Override
    public Ending run(byte[] rom, Receiver receiver) {
        memory.fill(0, RAM, (byte) 0);
        memory.write(TOP - rom.length, rom, 0, rom.length);
        Bus bus = new Bus(receiver);
        try (Processor processor = silicon.createProcessor(new ProcessorSettings(ExecutionMode.NATIVE, "max", new EventCounters(), bus, false))) {
            long silent = 0;
            while (true) {
                bus.heard = false;
                ExitReason reason = processor.run(CHUNK);
                if (bus.finished) {
                    return Ending.EVENT;
                }
                if (reason == ExitReason.TRIPLE_FAULT) {
                    return Ending.SHUTDOWN;
                }
                silent = bus.heard ? 0 : silent + CHUNK;
                if (reason != ExitReason.BUDGET || silent > PATIENCE) {
                    return Ending.SILENCE;
                }
            }
        }
    }

    @Override
    public void close() {
        memory.release(allocated, TOP - HostMemory.FRAME_SIZE);
    }

    private static final class Bus implements MachineBus {
        private final Receiver receiver;
        private boolean heard, finished;

        Bus(Receiver receiver) {
            this.receiver = receiver;
        }

        @Override
        public int readPort(int port, int size) {
            return NONE.readPort(port, size);
        }

        @Override
        public void writePort(int port, int size, int value) {
            if (port == PORT) {
                heard = true;
                finished |= receiver.take(value & 0xff);
            }
        }

        @Override
        public long readMemory(long gpa, int size) {
            return NONE.readMemory(gpa, size);
        }

        @Override
        public void writeMemory(long gpa, int size, long value) {
            // nobody is there
        }
    }
}
