package proteus.cpu.para;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import proteus.api.cpu.CpuContext;
import proteus.api.cpu.ParavirtualServices;
import proteus.api.cpu.RunOutcome;
import proteus.api.cpu.RunSchedule;
import proteus.api.event.EventCounters;
import proteus.api.io.CharacterBackend;
import proteus.api.io.InterruptController;
import proteus.api.io.Timers;
import proteus.api.memory.GuestMemory;
import proteus.api.memory.MemoryContext;
import proteus.api.memory.MemoryMap;
import proteus.api.memory.MemoryRegion;
import proteus.api.memory.MemoryVirtualization;
import proteus.api.silicon.ExecutionMode;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.MachineBus;
import proteus.api.silicon.Processor;
import proteus.api.silicon.ProcessorSettings;
import proteus.api.silicon.SegmentRegister;
import proteus.api.silicon.Silicon;
import proteus.api.state.ArchState;
import proteus.api.vm.GuestContract;
import proteus.silicon.processor.ModelSilicon;
import proteus.x86.asm.Assembler;
import proteus.x86.asm.Assembly;
import proteus.x86.format.PageTable;
import proteus.x86.format.Rflags;
import proteus.x86.xen.StartInfo;
import proteus.x86.xen.Width;

/**
 * A domain of 2 MiB on the modelled silicon, its kernel written in assembly. Its first MiB is mapped at {@link #base}, pseudo-physical frame by
 * frame; the frames of the tables read-only. The host has memory of others before and behind it.
 */
final class TestDomain implements CpuContext, RunSchedule, ParavirtualServices, Timers, CharacterBackend, MemoryMap, MemoryContext, AutoCloseable {
    static final long BASE = 0xffff_ffff_8000_0000L, NARROW_BASE = 0xc000_0000L, PAGE = 4096;
    static final int FRAMES = 512, MAPPED = 256;
    /** Pseudo-physical frames. */
    static final int START_INFO = 0, CODE = 1, STACK = 64, CONSOLE = 65, L4 = 66, L3 = 67, L2 = 68, L1 = 69, P2M = 72, FREE = 80, SHARED_INFO = 511;

    static final int CONSOLE_PORT = 1;
    private static final long TABLE = PageTable.PRESENT | PageTable.WRITABLE | PageTable.USER;
    private static final int XSAVE_BYTES = 832;
    private static final byte CANARY = 0x5a;

    final ModelSilicon silicon = new ModelSilicon(16L << 20, Set.of(), 40);
    final HostMemory memory = silicon.hostMemory();
    final EventCounters counters = new EventCounters();
    final StringBuilder printed = new StringBuilder();
    final StringBuilder typed = new StringBuilder();
    String end = "";
    final Width width;
    /** {@link #BASE} of a 64-bit domain, {@link #NARROW_BASE} of a 32-bit one. */
    final long base;
    long limit = 100_000;
    private final long before = memory.allocate(PAGE, PAGE, "another");
    private final long ram = memory.allocate(FRAMES * PAGE, PAGE, "guest");
    private final long behind = memory.allocate(PAGE, PAGE, "another");
    private final MemoryRegion region = new MemoryRegion(0, FRAMES * PAGE, 0, true, "ram");
    private final List<Alarm> alarms = new ArrayList<>();
    private final DirectMemory direct = new DirectMemory(this);
    private final Processor processor = silicon.createProcessor(new ProcessorSettings(ExecutionMode.DEPRIVILEGED, "max", counters, MachineBus.NONE, false));
    private long idle;
    private Runnable onInput = () -> { };
    final ParavirtualCpu cpu = new ParavirtualCpu(this, direct.context());

    TestDomain() {
        this(Width.WIDE);
    }

    TestDomain(Width width) {
        this.width = width;
        this.base = width.wide() ? BASE : NARROW_BASE;
    }

    /** Kernel code at frame {@link #CODE} and what it may want to name. */
    Assembly load(String source) {
        memory.fill(ram, FRAMES * PAGE, (byte) 0);
        memory.fill(before, PAGE, CANARY);
        memory.fill(behind, PAGE, CANARY);
        Assembly code = Assembler.assemble(source, width.bytes * Byte.SIZE, base + CODE * PAGE);
        memory.write(ram + CODE * PAGE, code.bytes(), 0, code.bytes().length);
        tables();
        startInfo();
        start();
        return code;
    }

    private void tables() {
        if (width.wide()) {
            memory.write64(hpa(L4) + 8L * PageTable.index(base, 4), hpa(L3) | TABLE);
        }
        memory.write64(hpa(L3) + 8L * PageTable.index(base, 3), hpa(L2) | (width.wide() ? TABLE : PageTable.PRESENT));
        memory.write64(hpa(L2) + 8L * PageTable.index(base, 2), hpa(L1) | TABLE);
        for (int pfn = 0; pfn < MAPPED; pfn++) {
            boolean table = pfn >= L4 && pfn <= L1;
            memory.write64(hpa(L1) + 8L * pfn, hpa(pfn) | (table ? TABLE & ~PageTable.WRITABLE : TABLE));
        }
    }

    private void startInfo() {
        long at = hpa(START_INFO);
        writeWord(at + StartInfo.NR_PAGES.at(width), FRAMES - 1);
        writeWord(at + StartInfo.SHARED_INFO.at(width), hpa(SHARED_INFO));
        writeWord(at + StartInfo.CONSOLE_MFN.at(width), mfn(CONSOLE));
        memory.write32(at + StartInfo.CONSOLE_EVTCHN.at(width), CONSOLE_PORT);
        writeWord(at + StartInfo.PT_BASE.at(width), base + root() * PAGE);
        writeWord(at + StartInfo.MFN_LIST.at(width), base + P2M * PAGE);
        for (int pfn = 0; pfn < FRAMES - 1; pfn++) {
            writeWord(hpa(P2M) + (long) width.bytes * pfn, mfn(pfn));
        }
    }

    /** Frame of the guest's table of the highest level. */
    private int root() {
        return width.wide() ? L4 : L3;
    }

    void writeWord(long hpa, long value) {
        if (width.wide()) {
            memory.write64(hpa, value);
        } else {
            memory.write32(hpa, (int) value);
        }
    }

    private void start() {
        SegmentRegister code = new SegmentRegister(width.kernelCode, 0, 0xffff_ffffL, width.kernelCodeRights);
        SegmentRegister data = new SegmentRegister(width.kernelData, 0, 0xffff_ffffL, width.kernelDataRights);
        SegmentRegister none = new SegmentRegister(0, 0, 0, SegmentRegister.UNUSABLE);
        long[] gpr = new long[16];
        gpr[4] = base + (STACK + 1) * PAGE;
        gpr[6] = base + START_INFO * PAGE;
        byte[] xsave = new byte[XSAVE_BYTES];
        xsave[0] = 0x7f;
        xsave[1] = 3;
        cpu.importState(new ArchState(new ArchState.General(gpr, base + CODE * PAGE, Rflags.ALWAYS_ONE),
                new ArchState.Segments(List.of(data, code, data, data, data, data, none, none), 0, 0, 0, 0),
                new ArchState.Control(0, 0, hpa(root()), 0, 0, 1, new long[] {0, 0, 0, 0, 0, 0, 0xffff_0ff0L, 0x400}, new long[4]), new ArchState.Fpu(xsave), new HashMap<>(),
                new ArchState.Events(0, 0, 0, 0, 0, 0), 0));
    }

    /** Runs until the kernel waits for what does not come, ends the run, or the limit is spent. */
    RunOutcome run() {
        while (true) {
            RunOutcome outcome = cpu.run();
            Alarm next = alarms.stream().filter(alarm -> alarm.at != Long.MAX_VALUE).min((a, b) -> Long.compare(a.at, b.at)).orElse(null);
            if (outcome != RunOutcome.HALTED || next == null) {
                return outcome;
            }
            idle += Math.max(0, next.at - now());
            next.at = Long.MAX_VALUE;
            next.action.run();
        }
    }

    long mfn(int pfn) {
        return hpa(pfn) >>> 12;
    }

    long hpa(int pfn) {
        return ram + pfn * PAGE;
    }

    /** A frame of somebody else. */
    long foreignMfn() {
        return behind >>> 12;
    }

    /** Whether nobody else's memory was touched. */
    boolean othersUntouched() {
        for (int i = 0; i < PAGE; i++) {
            if (memory.read8(before + i) != CANARY || memory.read8(behind + i) != CANARY) {
                return false;
            }
        }
        return true;
    }

    /** A number the kernel left at a symbol. */
    long value(Assembly code, String symbol) {
        return memory.read64(ram + code.symbol(symbol) - base);
    }

    void type(String text) {
        typed.append(text);
        onInput.run();
    }

    @Override
    public void close() {
        cpu.close();
        processor.close();
        silicon.close();
    }

    // ---- the machine around it

    @Override
    public long limit() {
        return limit;
    }

    @Override
    public boolean stopRequested() {
        return !end.isEmpty();
    }

    @Override
    public void powerOff() {
        end = "power off";
    }

    @Override
    public void reset() {
        end = "reset";
    }

    @Override
    public void crashed(String why) {
        end = why;
    }

    @Override
    public Timers timers() {
        return this;
    }

    @Override
    public CharacterBackend console() {
        return this;
    }

    @Override
    public long now() {
        return processor.retired() + idle;
    }

    @Override
    public long wallSeconds() {
        return 1_767_225_600L;
    }

    @Override
    public Timer create(String name, Runnable action) {
        Alarm alarm = new Alarm(action);
        alarms.add(alarm);
        return alarm;
    }

    private static final class Alarm implements Timer {
        private final Runnable action;
        private long at = Long.MAX_VALUE;

        Alarm(Runnable action) {
            this.action = action;
        }

        @Override
        public void arm(long nanos) {
            at = nanos;
        }

        @Override
        public void cancel() {
            at = Long.MAX_VALUE;
        }

        @Override
        public long deadline() {
            return at;
        }
    }

    @Override
    public void output(int value) {
        printed.append((char) value);
    }

    @Override
    public int input() {
        int value = typed.isEmpty() ? -1 : typed.charAt(0);
        typed.delete(0, 1);
        return value;
    }

    @Override
    public boolean inputAvailable() {
        return !typed.isEmpty();
    }

    @Override
    public void onInput(Runnable listener) {
        onInput = listener;
    }

    @Override
    public List<MemoryRegion> regions() {
        return List.of(region);
    }

    @Override
    public long hpa(long gpa) {
        return region.contains(gpa) ? ram + gpa : -1;
    }

    @Override
    public MemoryRegion regionAt(long gpa) {
        return region.contains(gpa) ? region : null;
    }

    @Override
    public int generation() {
        return 0;
    }

    @Override
    public HostMemory hostMemory() {
        return memory;
    }

    @Override
    public MemoryMap map() {
        return this;
    }

    @Override
    public String owner() {
        return "guest";
    }

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
        return direct;
    }

    @Override
    public MachineBus bus() {
        return MachineBus.NONE;
    }

    @Override
    public InterruptController interrupts() {
        throw new AssertionError("a paravirtual domain has no interrupt controller");
    }

    @Override
    public GuestMemory guestMemory() {
        throw new AssertionError("machine frames are the domain's own business");
    }

    @Override
    public GuestContract contract() {
        return new GuestContract("max", Map.copyOf(silicon.cpuid("max")), List.of(), 1_000_000_000L);
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
    public Optional<ParavirtualServices> paravirtual() {
        return Optional.of(this);
    }
}
