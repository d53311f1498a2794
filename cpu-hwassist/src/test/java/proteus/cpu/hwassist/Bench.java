package proteus.cpu.hwassist;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import proteus.api.cpu.CpuContext;
import proteus.api.cpu.RunSchedule;
import proteus.api.event.EventCounters;
import proteus.api.io.InterruptController;
import proteus.api.memory.FaultOutcome;
import proteus.api.memory.GuestMemory;
import proteus.api.memory.MemoryRegion;
import proteus.api.memory.MemoryVirtualization;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.GuestPaging;
import proteus.api.silicon.MachineBus;
import proteus.api.silicon.Processor;
import proteus.api.silicon.ProcessorSettings;
import proteus.api.silicon.Silicon;
import proteus.api.silicon.SiliconFeature;
import proteus.api.vm.GuestContract;
import proteus.tck.fake.ArrayHostMemory;
import proteus.tck.fake.FakeProcessor;
import proteus.tck.fake.FakeRegisters;
import proteus.tck.fake.FakeVmcs;

/** Everything around a vCPU, scripted. */
final class Bench implements CpuContext, RunSchedule, InterruptController, MachineBus, MemoryVirtualization, Silicon {
    final FakeProcessor processor = new FakeProcessor();
    final ArrayHostMemory host = new ArrayHostMemory(1 << 20);
    final EventCounters counters = new EventCounters();
    /** One region of plain memory from GPA 0 on. */
    final MemoryRegion ram = new MemoryRegion(0, 256 << 10, host.allocate(256 << 10, 4096, "guest"), true, "ram");
    final Deque<FaultOutcome> faults = new ArrayDeque<>();
    final List<String> trace = new ArrayList<>();
    long limit;
    boolean stop;
    int interrupt = -1;
    boolean nmi;
    int taskPriority;
    int apicId;
    boolean apicEnabled = true;
    int portValue;
    Runnable onPort = () -> { };

    HardwareAssistedCpu cpu() {
        return new HardwareAssistedCpu(this);
    }

    FakeVmcs vmcs() {
        return processor.vmcs();
    }

    FakeRegisters registers() {
        return processor.registers();
    }

    // --- CpuContext

    @Override
    public Silicon silicon() {
        return this;
    }

    @Override
    public Processor processor() {
        return processor;
    }

    @Override
    public MemoryVirtualization memory() {
        return this;
    }

    @Override
    public MachineBus bus() {
        return this;
    }

    @Override
    public InterruptController interrupts() {
        return this;
    }

    @Override
    public GuestMemory guestMemory() {
        return new RamOnly(host, ram);
    }

    @Override
    public GuestContract contract() {
        int one = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 9 | 1 << 12 | 1 << 13 | 1 << 16 | 1 << 24 | 1 << 25;
        return new GuestContract(
                "test",
                Map.of(
                        0L, new int[] {7, 0, 0, 0},
                        1L << 32, new int[] {0x600, 0, 0, one},
                        0x8000_0001L << 32, new int[] {0, 0, 0, 1 << 11 | 1 << 20 | 1 << 27 | 1 << 29},
                        0x8000_0008L << 32, new int[] {0x3028, 0, 0, 0}),
                List.of(),
                1_000_000_000L);
    }

    @Override
    public EventCounters counters() {
        return counters;
    }

    @Override
    public RunSchedule schedule() {
        return this;
    }

    @Override
    public int index() {
        return 0;
    }

    // --- RunSchedule

    @Override
    public long limit() {
        return limit;
    }

    @Override
    public boolean stopRequested() {
        return stop;
    }

    // --- InterruptController

    @Override
    public boolean pending() {
        return interrupt >= 0;
    }

    @Override
    public int acknowledge() {
        int vector = interrupt;
        interrupt = -1;
        return vector;
    }

    @Override
    public boolean takeNmi() {
        boolean taken = nmi;
        nmi = false;
        return taken;
    }

    @Override
    public int taskPriority() {
        return taskPriority;
    }

    @Override
    public void taskPriority(int value) {
        taskPriority = value;
    }

    @Override
    public boolean ownsMsr(int index) {
        return index == 0x1b;
    }

    @Override
    public long readMsr(int index) {
        return 0xfee0_0900L;
    }

    @Override
    public void writeMsr(int index, long value) {
        throw new IllegalArgumentException("reserved bits");
    }

    @Override
    public int apicId() {
        return apicId;
    }

    @Override
    public boolean apicEnabled() {
        return apicEnabled;
    }

    // --- MachineBus

    @Override
    public int readPort(int port, int size) {
        trace.add("in %x/%d".formatted(port, size));
        onPort.run();
        return portValue;
    }

    @Override
    public void writePort(int port, int size, int value) {
        trace.add("out %x/%d %x".formatted(port, size, value));
        onPort.run();
    }

    @Override
    public long readMemory(long gpa, int size) {
        return 0;
    }

    @Override
    public void writeMemory(long gpa, int size, long value) {}

    // --- MemoryVirtualization

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
        return faults.remove();
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
    public void onPagingModeChange(Processor changed, GuestPaging paging) {}

    @Override
    public void onTlbFlush(Processor executing) {}

    @Override
    public boolean traced(long gpa) {
        return false;
    }

    @Override
    public void onTracedWrite(Processor executing, long gpa, int bytes) {}

    @Override
    public void onInvlpg(Processor executing, long gva) {}

    @Override
    public void onMapChange(long gpa, long bytes) {}

    @Override
    public void close() {}

    // --- Silicon

    @Override
    public String name() {
        return "fake";
    }

    @Override
    public Set<SiliconFeature> features() {
        return EnumSet.allOf(SiliconFeature.class);
    }

    @Override
    public Map<Long, int[]> cpuid(String model) {
        return Map.of();
    }

    @Override
    public HostMemory hostMemory() {
        return host;
    }

    @Override
    public Processor createProcessor(ProcessorSettings settings) {
        return processor;
    }
}
