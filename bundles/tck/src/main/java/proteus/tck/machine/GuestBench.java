package proteus.tck.machine;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import proteus.api.cpu.CpuContext;
import proteus.api.cpu.CpuTechnique;
import proteus.api.cpu.CpuVirtualization;
import proteus.api.cpu.RunOutcome;
import proteus.api.cpu.RunSchedule;
import proteus.api.event.EventCounters;
import proteus.api.io.InterruptController;
import proteus.api.memory.GuestMemory;
import proteus.api.memory.MemoryContext;
import proteus.api.memory.MemoryMap;
import proteus.api.memory.MemoryTechnique;
import proteus.api.memory.MemoryVirtualization;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.MachineBus;
import proteus.api.silicon.Processor;
import proteus.api.silicon.ProcessorSettings;
import proteus.api.silicon.SegmentRegister;
import proteus.api.silicon.Silicon;
import proteus.api.state.ArchState;
import proteus.api.vm.GuestContract;
import proteus.tck.checked.CheckedCpu;
import proteus.tck.checked.CheckedMemory;
import proteus.x86.asm.Assembler;
import proteus.x86.asm.Assembly;

/**
 * One vCPU under a CPU and a memory technique on given silicon: 4 MiB of RAM, a ROM, ports and registers that are recorded, an
 * interrupt controller with one vector. Guests are 32-bit assembly that starts at {@link #ORIGIN} in flat protected mode without
 * paging. Both techniques are wrapped in what checks their calls.
 */
public final class GuestBench implements CpuContext, RunSchedule, InterruptController, MachineBus, MemoryContext, AutoCloseable {
    public static final int ORIGIN = 0x1000;
    public static final int STACK = 0x8000;
    private static final long RAM = 4 << 20;
    private static final long FLAT = 0xffff_ffffL;
    private static final long INITIAL_CR0 = 0x11;
    private static final long PASSED_PER_INSTRUCTION = 1_000_000_000L;

    /** Ports and registers the guest accessed, as in {@code out e9/1 41}. */
    public final List<String> trace = new ArrayList<>();
    /** What IN and reads of registers give. */
    public long input = 0x5a5a_5a5aL;
    /** The vector that waits, or -1. */
    public int interrupt = -1;
    public boolean nmi;
    /** The count of retired instructions at which a run ends. */
    public long limit = 1_000_000;
    public boolean stop;

    private final Silicon silicon;
    private final EventCounters counters = new EventCounters();
    private final GuestRam ram;
    private final Processor processor;
    private final MemoryVirtualization memory;
    private final CpuVirtualization cpu;
    private Assembly program;
    private int taskPriority;

    public GuestBench(Silicon silicon, CpuTechnique cpuTechnique, MemoryTechnique memoryTechnique) {
        this.silicon = silicon;
        ram = new GuestRam(silicon.hostMemory(), RAM);
        processor = silicon.createProcessor(new ProcessorSettings(cpuTechnique.executionMode(), "max", counters, MachineBus.NONE, false));
        memory = new CheckedMemory(memoryTechnique.virtualize(this), ram);
        cpu = new CheckedCpu(cpuTechnique.virtualize(this), processor);
    }

    /** Assembles a guest, loads it and sets its processor to its first instruction. */
    public void load(String source) {
        program = Assembler.assemble(source, 32, ORIGIN);
        ram.write(ORIGIN, program.bytes(), 0, program.bytes().length);
        cpu.importState(initialState());
    }

    private ArchState initialState() {
        ArchState reset = processor.save();
        long[] gpr = new long[16];
        gpr[CpuRegisters.RSP] = STACK;
        List<SegmentRegister> segments = new ArrayList<>();
        for (int i = CpuRegisters.ES; i <= CpuRegisters.GS; i++) {
            segments.add(i == CpuRegisters.CS ? new SegmentRegister(8, 0, FLAT, 0xc09b) : new SegmentRegister(0x10, 0, FLAT, 0xc093));
        }
        segments.add(new SegmentRegister(0, 0, 0, SegmentRegister.UNUSABLE));
        segments.add(new SegmentRegister(0, 0, 0x67, 0x8b));
        return new ArchState(
                new ArchState.General(gpr, ORIGIN, 2),
                new ArchState.Segments(segments, 0, 0, 0, 0),
                new ArchState.Control(INITIAL_CR0, 0, 0, 0, 0, 1, reset.control().dr(), new long[4]),
                reset.fpu(),
                Map.of(0x277, 0x0007_0406_0007_0406L),
                new ArchState.Events(0, 0, 0, 0, 0, 0),
                0);
    }

    public RunOutcome run() {
        return cpu.run();
    }

    /** Loads a guest and runs it. */
    public RunOutcome run(String source) {
        load(source);
        return cpu.run();
    }

    /** Value of a label or constant of the guest. */
    public long symbol(String name) {
        return program.symbol(name);
    }

    /** A general register as the guest has it. */
    public long gpr(int register) {
        return cpu.exportState().general().gpr()[register];
    }

    public CpuVirtualization cpu() {
        return cpu;
    }

    public GuestRam ram() {
        return ram;
    }

    // ---- CpuContext and MemoryContext

    @Override
    public Silicon silicon() {
        return silicon;
    }

    @Override
    public Processor processor() {
        return processor;
    }

    @Override
    public MemoryVirtualization memory() {
        return memory;
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
        return ram;
    }

    @Override
    public GuestContract contract() {
        return new GuestContract("max", silicon.cpuid("max"), List.of(), PASSED_PER_INSTRUCTION);
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

    @Override
    public HostMemory hostMemory() {
        return silicon.hostMemory();
    }

    @Override
    public MemoryMap map() {
        return ram;
    }

    @Override
    public String owner() {
        return "guest of a test";
    }

    // ---- RunSchedule

    @Override
    public long limit() {
        return limit;
    }

    @Override
    public boolean stopRequested() {
        return stop;
    }

    // ---- InterruptController

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
        return false;
    }

    @Override
    public long readMsr(int index) {
        throw new IllegalArgumentException("no MSR of an APIC");
    }

    @Override
    public void writeMsr(int index, long value) {
        throw new IllegalArgumentException("no MSR of an APIC");
    }

    @Override
    public int apicId() {
        return 0;
    }

    @Override
    public boolean apicEnabled() {
        return false;
    }

    // ---- MachineBus

    private long low(int size) {
        return size == 8 ? input : input & (1L << 8 * size) - 1;
    }

    @Override
    public int readPort(int port, int size) {
        trace.add("in %x/%d".formatted(port, size));
        return (int) low(size);
    }

    @Override
    public void writePort(int port, int size, int value) {
        trace.add("out %x/%d %x".formatted(port, size, value));
    }

    @Override
    public long readMemory(long gpa, int size) {
        trace.add("read %x/%d".formatted(gpa, size));
        return low(size);
    }

    @Override
    public void writeMemory(long gpa, int size, long value) {
        trace.add("write %x/%d %x".formatted(gpa, size, value));
    }

    @Override
    public void close() {
        cpu.close();
        memory.close();
        processor.close();
        ram.close();
    }
}
