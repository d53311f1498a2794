package proteus.vmm;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import java.util.function.Function;
import proteus.api.compose.Composition;
import proteus.api.compose.TechniqueInfo;
import proteus.api.cpu.CpuContext;
import proteus.api.cpu.CpuTechnique;
import proteus.api.cpu.CpuVirtualization;
import proteus.api.cpu.RunOutcome;
import proteus.api.io.Board;
import proteus.api.io.BoardContext;
import proteus.api.io.CharacterBackend;
import proteus.api.io.Device;
import proteus.api.io.DeviceContext;
import proteus.api.io.DeviceRole;
import proteus.api.io.DeviceSpec;
import proteus.api.io.InterruptController;
import proteus.api.io.InterruptLine;
import proteus.api.io.IoTechnique;
import proteus.api.io.PciSlots;
import proteus.api.memory.FaultOutcome;
import proteus.api.memory.MemoryContext;
import proteus.api.memory.MemoryTechnique;
import proteus.api.memory.MemoryVirtualization;
import proteus.api.silicon.ExecutionMode;
import proteus.api.silicon.GuestPaging;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.Processor;
import proteus.api.silicon.ProcessorSettings;
import proteus.api.silicon.Silicon;
import proteus.api.silicon.SiliconFeature;
import proteus.api.state.ArchState;
import proteus.api.vm.GuestLoadException;
import proteus.api.vm.GuestLoader.LoadedGuest;
import proteus.api.vm.VmSpec;
import proteus.tck.fake.ArrayHostMemory;
import proteus.tck.fake.FakeProcessor;

/**
 * All services a VM is composed of, scripted: the guest is a queue of steps, each of which says how the technique gives the
 * vCPU back; without a step the guest runs to the limit of the schedule.
 */
final class Platform {
    final ArrayHostMemory host = new ArrayHostMemory(64 << 20);
    final ArrayHostMemory otherHost = new ArrayHostMemory(64 << 20);
    final EnumSet<SiliconFeature> features = EnumSet.allOf(SiliconFeature.class);
    final TechniqueRegistry registry = new TechniqueRegistry();
    final CompositionExaminer composer = new CompositionExaminer(registry, new DeclaredTechniques(Stream::of));
    final Machines machines = new Machines(registry, composer);
    final Deque<Function<Platform, RunOutcome>> guest = new ArrayDeque<>();
    final Silicon model = new Model("model", host);
    /** Not offered unless a test does. */
    final Silicon other = new Model("other", otherHost);
    /** What CPUID leaf 7 of {@link #other} says. */
    int otherLeaf7 = 7;
    final CpuTechnique cpuTechnique = new Cpu();
    final MemoryTechnique ept = new Memory("ept");
    final MemoryTechnique shadow = new Memory("shadow");
    /** What the next import of a state says; empty: it succeeds. */
    String importFailure = "";
    BoardContext board;
    CharacterBackend line;
    FakeProcessor processor;
    CpuContext cpu;
    String loadFailure = "";
    int closed;
    int boardResets;
    int loads;

    Platform() {
        registry.addSilicon(model, null);
        registry.addCpu(cpuTechnique, null);
        registry.addMemory(ept, null);
        registry.addIo(new Io(), null);
        registry.addBoard(context -> {
            board = context;
            return new FakeBoard();
        }, null);
        registry.addLoader(request -> {
            if (!loadFailure.isEmpty()) {
                throw new GuestLoadException(loadFailure);
            }
            loads++;
            return new LoadedGuest(new FakeProcessor().save(), "test protocol", List.of());
        }, null);
    }

    /** The guest runs so many instructions and the technique comes back. */
    void step(Function<Platform, RunOutcome> step) {
        guest.add(step);
    }

    VmSpec spec(String name) {
        return new VmSpec(
                name, Composition.DEFAULT, 4 << 20, 1, VmSpec.Clock.COUNT, "max", true, new VmSpec.BootSpec("test", new byte[1], new byte[0], ""), List.of());
    }

    private static TechniqueInfo info(TechniqueInfo.Kind kind, String name, SiliconFeature... requires) {
        return new TechniqueInfo(kind, name, name, Set.of(requires), "");
    }

    private final class Model implements Silicon {
        private final String name;
        private final HostMemory memory;

        Model(String name, HostMemory memory) {
            this.name = name;
            this.memory = memory;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public Set<SiliconFeature> features() {
            return features;
        }

        @Override
        public Map<Long, int[]> cpuid(String model) {
            int leaf7 = memory == host ? 7 : otherLeaf7;
            return new HashMap<>(Map.of(0L, new int[] {7, 1, 2, 3}, 1L << 32, new int[] {0x600, 0, 1 << 5, 1 << 12}, 7L << 32, new int[] {0, leaf7, 0, 0}));
        }

        @Override
        public HostMemory hostMemory() {
            return memory;
        }

        @Override
        public Processor createProcessor(ProcessorSettings settings) {
            processor = new FakeProcessor();
            return processor;
        }
    }

    private final class Cpu implements CpuTechnique {
        @Override
        public TechniqueInfo info() {
            return Platform.info(TechniqueInfo.Kind.CPU, "hwassist", SiliconFeature.VMX);
        }

        @Override
        public CpuVirtualization virtualize(CpuContext context) {
            cpu = context;
            FakeProcessor processor = (FakeProcessor) context.processor();
            return new CpuVirtualization() {
                @Override
                public RunOutcome run() {
                    if (context.schedule().stopRequested()) {
                        return RunOutcome.STOP_REQUESTED;
                    }
                    Function<Platform, RunOutcome> step = guest.poll();
                    if (step != null) {
                        return step.apply(Platform.this);
                    }
                    long budget = Math.min(context.schedule().limit() - processor.retired(), 1000);
                    if (budget > 0) {
                        return switch (processor.run(budget)) {
                            case KICKED -> RunOutcome.KICKED;
                            default -> RunOutcome.LIMIT;
                        };
                    }
                    return RunOutcome.LIMIT;
                }

                @Override
                public ArchState exportState() {
                    return processor.save();
                }

                @Override
                public void importState(ArchState state) {
                    if (!importFailure.isEmpty()) {
                        throw new IllegalStateException(importFailure);
                    }
                    processor.load(state);
                }

                @Override
                public long guestTsc() {
                    return processor.tsc();
                }

                @Override
                public String failure() {
                    return "the technique gave up";
                }

                @Override
                public void close() {
                    closed++;
                }
            };
        }

        @Override
        public ExecutionMode executionMode() {
            return ExecutionMode.VMX_NON_ROOT;
        }
    }

    private final class Memory implements MemoryTechnique {
        private final String name;

        Memory(String name) {
            this.name = name;
        }

        @Override
        public TechniqueInfo info() {
            return Platform.info(TechniqueInfo.Kind.MEMORY, name, SiliconFeature.VMX, SiliconFeature.EPT);
        }

        @Override
        public MemoryVirtualization virtualize(MemoryContext context) {
            return new MemoryVirtualization() {
                @Override
                public boolean nested() {
                    return true;
                }

                @Override
                public void attach(Processor attached) {}

                @Override
                public void detach(Processor detached) {}

                @Override
                public FaultOutcome onEptViolation(Processor faulting, long gpa, long qualification) {
                    return FaultOutcome.RESUME;
                }

                @Override
                public FaultOutcome onPageFault(Processor faulting, long gva, int errorCode) {
                    return FaultOutcome.REFLECT;
                }

                @Override
                public int reflectedErrorCode() {
                    return 0;
                }

                @Override
                public void onPagingModeChange(Processor processor, GuestPaging paging) {}

                @Override
                public void onTlbFlush(Processor processor) {}

                @Override
                public boolean traced(long gpa) {
                    return false;
                }

                @Override
                public void onTracedWrite(Processor processor, long gpa, int bytes) {}

                @Override
                public void onInvlpg(Processor executing, long gva) {}

                @Override
                public void onMapChange(long gpa, long bytes) {}

                @Override
                public void close() {
                    closed++;
                }
            };
        }
    }

    private final class Io implements IoTechnique {
        @Override
        public TechniqueInfo info() {
            return Platform.info(TechniqueInfo.Kind.IO, "emul");
        }

        @Override
        public Set<DeviceRole> roles() {
            return Set.of(DeviceRole.CONSOLE);
        }

        @Override
        public List<Device> plug(DeviceContext context, List<DeviceSpec> devices) {
            line = (CharacterBackend) devices.getFirst().backend();
            return List.of();
        }
    }

    private final class FakeBoard implements Board {
        @Override
        public InterruptController interrupts(int vcpu) {
            return null;
        }

        @Override
        public InterruptLine line(int gsi) {
            return asserted -> { };
        }

        @Override
        public PciSlots pci() {
            throw new UnsupportedOperationException();
        }

        @Override
        public FirmwareData installTables(boolean acpi) {
            return new FirmwareData(0, List.of());
        }

        @Override
        public void firmwareFile(String name, byte[] content) {}

        @Override
        public void reset() {
            boardResets++;
        }

        @Override
        public byte[] exportState() {
            return new byte[0];
        }

        @Override
        public void importState(byte[] state) {}

        @Override
        public List<String> describe() {
            return List.of("a fake board");
        }

        @Override
        public void close() {
            closed++;
        }
    }
}
