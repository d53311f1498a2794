package proteus.silicon.exec;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import proteus.api.event.EventCounters;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuFeatures;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.GuestFault;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Units;
import proteus.silicon.fpu.FpuFamilies;
import proteus.silicon.mmu.Mmu;
import proteus.silicon.mmu.ModelHostMemory;
import proteus.silicon.system.Events;
import proteus.silicon.system.Families;
import proteus.silicon.translate.TranslationCache;
import proteus.silicon.vmx.ExitRecord;
import proteus.silicon.vmx.OpenIntercepts;

/**
 * A bare processor with flat memory and no paging. HLT stops it. Faults are delivered through the real-mode vector table in
 * 16-bit mode; in the others they stop it. The last is kept in {@link #fault}.
 */
final class TestCpu implements AutoCloseable {
    /** The first frames of host memory are nobody's: guest-physical 0 lies here. */
    private static final long OFFSET = 1 << 20;

    final ModelHostMemory memory;
    final Cpu cpu;
    final Interpreter interpreter;
    /** The last fault: vector, or -1. */
    int fault = -1;
    /** The first of this run, if {@link #fault} is not -1. */
    int firstFault;
    /** The general registers there. */
    final long[] atFirstFault = new long[8];
    int errorCode;
    long faultRip;
    private int faults;

    TestCpu(int mode, long bytes) {
        this(mode, bytes, Optional.empty());
    }

    /** A processor whose code is translated, or one that interprets it. */
    static TestCpu with(boolean translated, int mode, long bytes) {
        if (!translated) {
            return new TestCpu(mode, bytes);
        }
        TranslationCache.Opened opened = TranslationCache.open(1 << 22);
        assumeTrue(opened.cache().isPresent(), opened.refusal());
        return new TestCpu(mode, bytes, opened.cache());
    }

    /** @param cache where translated code goes; nothing: everything is interpreted */
    TestCpu(int mode, long bytes, Optional<TranslationCache> cache) {
        memory = new ModelHostMemory(bytes + OFFSET);
        cpu = new Cpu(new EventCounters(), new CpuFeatures("test", Set.of(), 40), false, c -> new Mmu(c, memory), cache.map(TranslationCache::struct).orElse(0L));
        cpu.units = new TestUnits();
        cpu.intercepts = new OpenIntercepts(cpu, new ExitRecord());
        HandlerTable table = new HandlerTable();
        Integers.register(table);
        Families.register(table);
        FpuFamilies.register(table);
        interpreter = new Interpreter(cpu, table, cache);
        cpu.mmu.physicalMap(physical -> physical >= 0 && physical < bytes ? physical + OFFSET : -1);
        mode(mode);
    }

    private void mode(int mode) {
        for (int i = 0; i < 6; i++) {
            boolean code = i == Cpu.CS;
            cpu.limit[i] = mode == 16 ? 0xffff : 0xffffffffL;
            cpu.rights[i] = (code ? 0x9b : 0x93) | (mode == 32 ? 1 << 14 : 0) | (code && mode == 64 ? 1 << 13 : 0) | (mode == 16 ? 0 : 1 << 15);
        }
        cpu.idtrLimit = 0x3ff;
        cpu.cr0 = mode == 16 ? 0 : 1;
        cpu.efer = mode == 64 ? 1 << 10 | 1 << 8 : 0;
        cpu.rflags(Flags.FIXED);
        cpu.updateMode();
    }

    void segment(int segment, int selector) {
        cpu.selector[segment] = selector;
        cpu.base[segment] = (long) selector << 4;
        cpu.updateMode();
    }

    void write(long address, byte[] bytes) {
        memory.write(OFFSET + address, bytes, 0, bytes.length);
    }

    void write8(long address, int value) {
        memory.write8(OFFSET + address, value);
    }

    int read8(long address) {
        return memory.read8(OFFSET + address);
    }

    int read32(long address) {
        return memory.read32(OFFSET + address);
    }

    long read64(long address) {
        return memory.read64(OFFSET + address);
    }

    /** Runs from an address until HLT, a fault nobody handles, or the budget. */
    int run(long rip, long budget) {
        cpu.activity = 0;
        fault = -1;
        faults = 0;
        cpu.rip(rip);
        return interpreter.run(budget);
    }

    @Override
    public void close() {
        cpu.close();
        interpreter.close();
        memory.close();
    }

    /** Delivery as the silicon has it, seen by the test. */
    private final class TestUnits implements Units {
        private final Events events = new Events();

        @Override
        public void checkSegment(Cpu c, int segment, long offset, int bytes, boolean write) {
            events.checkSegment(c, segment, offset, bytes, write);
        }

        @Override
        public void raise(Cpu c, GuestFault f) {
            if (fault < 0) {
                firstFault = f.vector;
                Arrays.setAll(atFirstFault, c::gpr);
            }
            fault = f.vector;
            errorCode = f.errorCode;
            faultRip = c.rip();
            if (++faults > 50) {
                c.activity = 2;
                return;
            }
            if (c.codeSize == 16) {
                events.raise(c, f);
            } else {
                c.activity = 2;
            }
        }

        @Override
        public void inject(Cpu c, int interruption, int code, int instructionLength) {
            events.inject(c, interruption, code, instructionLength);
        }

        @Override
        public long beforeInstruction(Cpu c) {
            return events.beforeInstruction(c);
        }

        @Override
        public void afterInstruction(Cpu c, Op op, long before) {
            events.afterInstruction(c, op, before);
        }

        @Override
        public boolean singleSteps(Cpu cpu, Op op) {
            return events.singleSteps(cpu, op);
        }
    }
}
