package proteus.silicon.faults;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import proteus.api.event.EventCounters;
import proteus.api.silicon.MachineBus;
import proteus.api.silicon.SiliconFeature;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuFeatures;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.ExitSignal;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Raw;
import proteus.silicon.exec.Integers;
import proteus.silicon.exec.Interpreter;
import proteus.silicon.fpu.FpuFamilies;
import proteus.silicon.mmu.EptExits;
import proteus.silicon.mmu.Mmu;
import proteus.silicon.mmu.ModelHostMemory;
import proteus.silicon.system.Cpuid;
import proteus.silicon.system.Events;
import proteus.silicon.system.Families;
import proteus.silicon.translate.TranslationCache;
import proteus.silicon.vmx.ExitRecord;
import proteus.silicon.vmx.OpenIntercepts;
import proteus.x86.asm.Assembler;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.DebugRegister;
import proteus.x86.format.Efer;

/**
 * A processor with every kind of table, on which one form runs once. Each region can be shifted so that a border between pages
 * falls anywhere into the object that lies in it. What the machine's memory is asked for is recorded: that is the list of
 * accesses of the form.
 */
final class Bench implements AutoCloseable {
    /** Where code and the handlers of events lie in {@link Region#CODE}. */
    static final int START = 0x1000, HANDLER = 0x1800;
    /** Faults that are not exceptions: an EPT violation; the processor shut down. */
    static final int EPT_VIOLATION = 48, SHUTDOWN = 2;
    private static final int LONGEST = 32;
    private static final byte NOP = (byte) 0x90;
    private static final long NOWHERE = 0xf_0000;
    private static final long CANONICAL_END = 0x8000_0000_0000L;

    /** How a run ended: vector of the exception that was stopped, or -1; its error code (an EPT violation: the qualification) and address. */
    record Outcome(int vector, long error, long address) {
        static final Outcome FINE = new Outcome(-1, 0, 0);
    }

    /** An access as the memory sees it: one entry for each page it touches. */
    record Access(Region region, int offset, boolean write) {
        int page() {
            return offset >> 12;
        }
    }

    final ModelHostMemory memory = new ModelHostMemory(1 << 20);
    final Cpu cpu;
    final Tables tables = new Tables(memory);
    final List<String> ports = new ArrayList<>();
    private final Interpreter interpreter;
    private final Optional<TranslationCache> cache;
    private final boolean translates;
    private final int[] shift = new int[Region.values().length];
    private Region highest;
    private boolean nested;
    Form form;
    private List<Access> recording;
    private Outcome stopped;
    private final byte[] noise = new byte[(int) (Region.PHYSICAL_END - Region.VECTORS.physical())];
    /** Exceptions that are let through before one is stopped: a form that raises one itself. */
    private int passes;
    int passing;

    Bench() {
        this(Optional.empty());
    }

    /** A bench that translates what it runs. */
    static Bench translating() {
        TranslationCache.Opened opened = TranslationCache.open(1 << 22);
        assumeTrue(opened.cache().isPresent(), opened.refusal());
        return new Bench(opened.cache());
    }

    private Bench(Optional<TranslationCache> cache) {
        new Random(1).nextBytes(noise);
        this.cache = cache;
        translates = cache.isPresent();
        cpu = new Cpu(new EventCounters(), new CpuFeatures("max", EnumSet.of(SiliconFeature.NX, SiliconFeature.UMIP, SiliconFeature.PCID), 40), false,
            c -> new Mmu(c, memory), cache.map(TranslationCache::struct).orElse(0L));
        cpu.units = new Events();
        cpu.intercepts = new Stop();
        cpu.bus = new Ports();
        HandlerTable handlers = new HandlerTable();
        Integers.register(handlers);
        Families.register(handlers);
        FpuFamilies.register(handlers);
        interpreter = new Interpreter(cpu, handlers, cache);
        cpu.mmu.physicalMap(this::decode);
        cpu.mmu.eptExits(new Violations());
        Cpuid.apply(cpu, "max");
        memory.fill(Region.CODE.physical(), Region.BYTES, NOP);
    }

    // ---- the surroundings of a form

    /** Builds the surroundings anew; one region may be shifted, another object's end put at the end of canonical addresses. */
    void build(Form newForm, Region shifted, int by, Region atCanonicalEnd) {
        form = newForm;
        java.util.Arrays.fill(shift, 0);
        if (shifted != null) {
            shift[shifted.ordinal()] = by;
        }
        highest = atCanonicalEnd;
        memory.write(Region.VECTORS.physical(), noise, 0, (int) (Region.CODE.physical() - Region.VECTORS.physical()));
        for (int i = 0; i < CpuLayout.SIZE; i += 8) {
            cpu.put(i, 0);
        }
        Mode mode = form.mode();
        cpu.cr0 = Cr0.ET | Cr0.NE | Cr0.WP | (mode == Mode.REAL ? 0 : Cr0.PE | Cr0.PG);
        cpu.cr2 = 0;
        cpu.cr4 = Cr4.OSFXSR | Cr4.OSXMMEXCPT | Cr4.OSXSAVE | (mode.ia32e() ? Cr4.PAE : 0);
        cpu.cr8 = 0;
        cpu.efer = mode.ia32e() ? Efer.LME | Efer.LMA | Efer.NXE | Efer.SCE : 0;
        cpu.xcr0 = 7;
        cpu.pendingDebug = 0;
        cpu.interruptibility = 0;
        cpu.activity = 0;
        cpu.unfinished = false;
        cpu.retired = 0;
        java.util.Arrays.fill(cpu.dr, 0);
        cpu.dr[6] = DebugRegister.DR6_RESET;
        cpu.dr[7] = DebugRegister.DR7_RESET;
        ports.clear();
        passing = 0;
        tables.build(mode, highest);
        cpu.cr3 = mode.paging() ? tables.root() : 0;
        Descriptors.build(this);
        Registers.build(this);
        form.setup().accept(this);
        byte[] code = Assembler.assemble(form.source() + (alone() ? "" : "\njmp next\nnext:"), mode.bits,
            start()).bytes();
        int length = code.length;
        code = java.util.Arrays.copyOf(code, LONGEST);
        java.util.Arrays.fill(code, length, LONGEST, NOP);
        byte[] old = new byte[LONGEST];
        memory.read(Region.CODE.physical() + START, old, 0, LONGEST);
        if (!java.util.Arrays.equals(code, old)) {
            memory.write(Region.CODE.physical() + START, code, 0, code.length);
        }
        cpu.updateMode();
        cpu.mmu.pagingModeChanged();
    }

    /** Linear address of a region's first byte. */
    long base(Region region) {
        return region == highest ? CANONICAL_END - Region.BORDER : region.linear();
    }

    /** Linear address of the object in a region. */
    long linear(Region region) {
        return base(region) + Region.BORDER + shift[region.ordinal()];
    }

    /** The same as an offset in the segment that the form uses for it. */
    long offset(Region region) {
        return flat() ? linear(region) : Region.BORDER + shift[region.ordinal()];
    }

    /** Segments begin at 0: always in 64-bit code, and in 32-bit code that is to be translated. */
    boolean flat() {
        return form.mode() == Mode.LONG || translates && form.mode() == Mode.PROTECTED32;
    }

    /** Where the form begins, as an offset in CS. */
    long start() {
        return flat() ? Region.CODE.linear() + START : START;
    }

    /** Translated blocks, since the last time there was no room. */
    int translated() {
        return cache.map(TranslationCache::size).orElse(0);
    }

    private long physical(Region region, int at) {
        return region.physical() + Region.BORDER + shift[region.ordinal()] + at;
    }

    void write8(Region region, int at, int value) {
        memory.write8(physical(region, at), value);
    }

    void write16(Region region, int at, int value) {
        memory.write16(physical(region, at), value);
    }

    void write32(Region region, int at, int value) {
        memory.write32(physical(region, at), value);
    }

    void write64(Region region, int at, long value) {
        memory.write64(physical(region, at), value);
    }

    long read64(Region region, int at) {
        return memory.read64(physical(region, at));
    }

    /** Writes an object of the operand size of the mode, several in a row. */
    void write(Region region, int at, int bits, long... values) {
        int offset = at;
        for (long value : values) {
            switch (bits) {
                case 16 -> write16(region, offset, (int) value);
                case 32 -> write32(region, offset, (int) value);
                default -> write64(region, offset, value);
            }
            offset += bits / 8;
        }
    }

    // ---- runs

    State state() {
        return new State(cpu, memory, ports);
    }

    void restore(State state) {
        state.restore(cpu, memory, ports);
    }

    /** Runs the form once, or goes on with it after a fault. */
    Outcome run() {
        stopped = Outcome.FINE;
        passes = passing;
        if (form.interruption() != 0) {
            try {
                cpu.units.inject(cpu, form.interruption(), form.errorCode(), 2);
            } catch (ExitSignal signal) {
                return stopped;
            }
            return Outcome.FINE;
        }
        return interpreter.run(alone() ? 1 : 2) == Interpreter.EXIT ? stopped : Outcome.FINE;
    }

    /** Only whole blocks run as translations: behind a form that does not end one there is a jump, and both are run. */
    private boolean alone() {
        return !translates || form.interruption() != 0 || form.text().startsWith("call") || form.text().startsWith("ret") || form.text().startsWith("jmp");
    }


    /** Runs the form and records its accesses. */
    List<Access> record() {
        List<Access> all = new ArrayList<>();
        // a data breakpoint somewhere keeps everything out of the TLB, so each access is translated
        cpu.dr[0] = NOWHERE;
        cpu.dr[7] |= 0x1_0002;
        cpu.mmu.flushAll();
        cpu.mmu.selectAccess();
        recording = all;
        Outcome outcome = run();
        recording = null;
        cpu.dr[0] = 0;
        cpu.dr[7] &= ~0x1_0002L;
        cpu.mmu.selectAccess();
        if (outcome.vector() >= 0) {
            throw new AssertionError("%s ends with vector %d, error code 0x%x, address 0x%x".formatted(form, outcome.vector(), outcome.error(), outcome.address()));
        }
        return all;
    }

    /** The machine's decoding of addresses: all of them are memory. */
    private long decode(long address) {
        boolean paging = form.mode().paging();
        Region region = paging ? Region.at(address) : Region.atLinear(address);
        long physical = paging ? address : region.physical() + (address & 0xffff);
        if (recording != null) {
            if (region != null && region != Region.CODE) {
                int offset = (int) (physical - region.physical());
                // a write sets the dirty flag (SDM 3A, 4.8), a read does not
                Access access = new Access(region, offset, paging && tables.takeDirty(base(region) + offset));
                if (recording.isEmpty() || !recording.getLast().equals(access)) {
                    recording.add(access);
                }
            }
        }
        return physical;
    }

    /** Second-level translation. */
    void nested(boolean on) {
        if (on != nested) {
            nested = on;
            cpu.mmu.eptp(on ? tables.eptp() : 0);
        }
    }

    private final class Stop extends OpenIntercepts {
        Stop() {
            super(Bench.this.cpu, new ExitRecord());
        }

        @Override
        public void exception(Cpu c, int vector, int errorCode, long detail, int type, int instructionLength) {
            if (type == 3 && passes-- <= 0) {
                stopped = new Outcome(vector, errorCode, detail);
                throw c.exitSignal;
            }
        }

        @Override
        public void tripleFault(Cpu c) {
            stopped = new Outcome(SHUTDOWN, 0, 0);
            throw c.exitSignal;
        }
    }

    private final class Violations implements EptExits {
        @Override
        public void violation(long gpa, long gva, long qualification) {
            stopped = new Outcome(EPT_VIOLATION, qualification, gva);
            throw cpu.exitSignal;
        }

        @Override
        public void misconfiguration(long gpa) {
            throw new AssertionError("EPT misconfiguration at 0x%x".formatted(gpa));
        }
    }

    /** Every access to a port can be seen, and reads have different values. */
    private final class Ports implements MachineBus {
        @Override
        public int readPort(int port, int size) {
            ports.add("in " + size);
            return 0x1234567 * ports.size() & -1 >>> 32 - 8 * size;
        }

        @Override
        public void writePort(int port, int size, int value) {
            ports.add("out %x".formatted(value));
        }

        @Override
        public long readMemory(long gpa, int size) {
            throw new AssertionError("no device at 0x%x".formatted(gpa));
        }

        @Override
        public void writeMemory(long gpa, int size, long value) {
            throw new AssertionError("no device at 0x%x".formatted(gpa));
        }
    }

    void gpr(int register, long value) {
        cpu.gpr(register, value);
    }

    void vector(int register, long low, long high) {
        Raw.putLong(cpu.s + CpuLayout.xmm(register), low);
        Raw.putLong(cpu.s + CpuLayout.xmm(register) + 8, high);
    }

    void upper(int register, long low, long high) {
        Raw.putLong(cpu.s + CpuLayout.xmm(register) + 16, low);
        Raw.putLong(cpu.s + CpuLayout.xmm(register) + 24, high);
    }

    void mmx(int register, long value) {
        Raw.putLong(cpu.s + CpuLayout.X87 + 16 * register, value);
    }

    /** How far the object of a region lies from its usual place. */
    int shift(Region region) {
        return shift[region.ordinal()];
    }

    @Override
    public void close() {
        interpreter.close();
        cpu.close();
        memory.close();
    }
}
