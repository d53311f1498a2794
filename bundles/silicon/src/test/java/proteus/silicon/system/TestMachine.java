package proteus.silicon.system;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.EnumSet;
import java.util.Optional;
import java.util.function.Consumer;
import proteus.api.event.EventCounters;
import proteus.api.silicon.MachineBus;
import proteus.api.silicon.SiliconFeature;
import proteus.api.silicon.TranslationCounts;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuFeatures;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.ExitSignal;
import proteus.silicon.cpu.GuestFault;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.exec.Integers;
import proteus.silicon.exec.Interpreter;
import proteus.silicon.fpu.FpuFamilies;
import proteus.silicon.mmu.Mmu;
import proteus.silicon.mmu.ModelHostMemory;
import proteus.silicon.translate.TranslationCache;
import proteus.silicon.vmx.ExitRecord;
import proteus.silicon.vmx.OpenIntercepts;
import proteus.x86.asm.Assembler;
import proteus.x86.asm.Assembly;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.DebugRegister;
import proteus.x86.format.Efer;
import proteus.x86.format.ExceptionVector;
import proteus.x86.format.GateDescriptor;
import proteus.x86.format.PageTable;
import proteus.x86.format.SegmentDescriptor;
import proteus.x86.format.Tss32;
import proteus.x86.format.Tss64;

/**
 * A processor with memory and the usual tables, for instructions executed one at a time: flat segments for rings 0, 1 and 3, a
 * TSS with stacks, an IDT of interrupt gates. Starts in 32-bit protected mode, ring 0, without paging.
 */
final class TestMachine implements AutoCloseable {
    static final int CODE0 = 0x08, DATA0 = 0x10, CODE3 = 0x1b, DATA3 = 0x23, CODE1 = 0x31, DATA1 = 0x39, TSS = 0x28, CODE64 = 0x48, CODE64_USER = 0x5b,
        FREE = 0x60;
    static final long GDT = 0x1000, IDT = 0x2000, TASK = 0x3000, HANDLERS = 0x8000, STACK = 0x2_0000, STACK0 = 0x3_0000, STACK1 = 0x4_0000, IST1 = 0x5_0000,
        TABLES = 0x10_0000, RIP = 0x7000;
    private static final int GDT_LIMIT = 0xff;
    private static final int FLAT = 0xfffff;

    /** How an instruction ended: vector and error code of its fault, vector -1 for none, -3 for an exit. */
    record Result(int vector, int error) {
        static final Result FINE = new Result(-1, 0), EXITED = new Result(-3, 0);

        static Result fault(int vector, int error) {
            return new Result(vector, error);
        }
    }

    final ModelHostMemory memory = new ModelHostMemory(16L << 20);
    final Cpu cpu;
    final ExitRecord exits = new ExitRecord();
    private final HandlerTable handlers = new HandlerTable();
    private final Optional<TranslationCache> cache;
    private Interpreter interpreter;

    TestMachine() {
        this("max");
    }

    TestMachine(String model) {
        this(model, Optional.empty());
    }

    /** A machine that translates its programs to host code, or one that interprets them. */
    static TestMachine translating(boolean translated) {
        if (!translated) {
            return new TestMachine();
        }
        TranslationCache.Opened opened = TranslationCache.open(1 << 20);
        assumeTrue(opened.cache().isPresent(), opened.refusal());
        return new TestMachine("max", opened.cache());
    }

    private TestMachine(String model, Optional<TranslationCache> cache) {
        this.cache = cache;
        cpu = new Cpu(new EventCounters(), new CpuFeatures(model, EnumSet.of(SiliconFeature.NX, SiliconFeature.UMIP, SiliconFeature.PCID), 40), false,
            c -> new Mmu(c, memory), cache.map(TranslationCache::struct).orElse(0L));
        cpu.units = new Events();
        cpu.intercepts = new OpenIntercepts(cpu, exits);
        cpu.bus = MachineBus.NONE;
        Cpuid.apply(cpu, model);
        Families.register(handlers);
        descriptor(CODE0, SegmentDescriptor.of(0, FLAT, 0xc09b));
        descriptor(DATA0, SegmentDescriptor.of(0, FLAT, 0xc093));
        descriptor(CODE3, SegmentDescriptor.of(0, FLAT, 0xc0fb));
        descriptor(DATA3, SegmentDescriptor.of(0, FLAT, 0xc0f3));
        descriptor(CODE1, SegmentDescriptor.of(0, FLAT, 0xc0bb));
        descriptor(DATA1, SegmentDescriptor.of(0, FLAT, 0xc0b3));
        descriptor(CODE64, SegmentDescriptor.of(0, FLAT, 0xa09b));
        descriptor(CODE64_USER, SegmentDescriptor.of(0, FLAT, 0xa0fb));
        descriptor(TSS, SegmentDescriptor.of(TASK, 0x1ff, 0x8b));
        memory.write32(TASK + Tss32.ESP0, (int) STACK0);
        memory.write32(TASK + Tss32.SS0, DATA0);
        memory.write32(TASK + Tss32.ESP1, (int) STACK1);
        memory.write32(TASK + Tss32.SS1, DATA1);
        memory.write16(TASK + Tss32.IO_MAP_BASE, 0x88);
        for (int vector = 0; vector < 256; vector++) {
            gate(vector, GateDescriptor.of(CODE0, HANDLERS + 16 * vector, SegmentDescriptor.INTERRUPT_GATE, 0, 0));
        }
        cpu.gdtrBase = GDT;
        cpu.gdtrLimit = GDT_LIMIT;
        cpu.idtrBase = IDT;
        cpu.idtrLimit = 0x7ff;
        cpu.cr0 = Cr0.PE | Cr0.ET | Cr0.NE;
        cpu.dr[6] = DebugRegister.DR6_RESET;
        cpu.dr[7] = DebugRegister.DR7_RESET;
        cpu.xcr0 = 1;
        cpu.rflags(2);
        Segments.putNull(cpu, Cpu.LDTR, 0, 0);
        Segments.put(cpu, Cpu.TR, TSS, memory.read64(GDT + TSS));
        ring(0);
    }

    // ---- tables

    void descriptor(int selector, long descriptor) {
        memory.write64(GDT + (selector & 0xfff8), descriptor);
    }

    long descriptor(int selector) {
        return memory.read64(GDT + (selector & 0xfff8));
    }

    void gate(int vector, long gate) {
        memory.write64(IDT + 8L * vector, gate);
    }

    void wideGate(int vector, long offset, int dpl, int ist) {
        memory.write64(IDT + 16L * vector, GateDescriptor.of(CODE64, offset, SegmentDescriptor.INTERRUPT_GATE, dpl, ist));
        memory.write64(IDT + 16L * vector + 8, GateDescriptor.highOf(offset));
    }

    // ---- modes

    /** Protected-mode code of a ring with its flat segments, at {@link #RIP}. */
    void ring(int level) {
        int code = level == 0 ? CODE0 : level == 1 ? CODE1 : CODE3;
        int data = level == 0 ? DATA0 : level == 1 ? DATA1 : DATA3;
        Segments.put(cpu, Cpu.CS, code, descriptor(code));
        for (int register : new int[] {Cpu.ES, Cpu.SS, Cpu.DS, Cpu.FS, Cpu.GS}) {
            Segments.put(cpu, register, data, descriptor(data));
        }
        cpu.setCpl(level);
        cpu.updateMode();
        cpu.gpr(4, STACK);
        cpu.rip(RIP);
    }

    void realMode() {
        cpu.cr0 &= ~Cr0.PE;
        cpu.idtrBase = 0;
        cpu.idtrLimit = 0x3ff;
        for (int register = 0; register < 6; register++) {
            Segments.putV8086(cpu, register, 0x100 * register);
            cpu.rights[register] = 0x93;
        }
        cpu.setCpl(0);
        cpu.updateMode();
        cpu.gpr(4, 0x1000);
        cpu.rip(0x100);
    }

    void v8086(int iopl) {
        cpu.rflags(cpu.rflags() | 0x20000 | iopl << 12);
        for (int register = 0; register < 6; register++) {
            Segments.putV8086(cpu, register, 0x1000 + 0x100 * register);
        }
        cpu.setCpl(3);
        cpu.updateMode();
        cpu.gpr(4, 0x1000);
        cpu.rip(0x100);
    }

    /** 64-bit mode with the first 16 MiB mapped to themselves for every privilege, a 64-bit TSS and IDT; level 0 or 3. */
    void longMode(int level) {
        long bits = PageTable.PRESENT | PageTable.WRITABLE | PageTable.USER;
        memory.write64(TABLES, TABLES + 0x1000 | bits);
        memory.write64(TABLES + 0x1000, TABLES + 0x2000 | bits);
        for (int i = 0; i < 8; i++) {
            memory.write64(TABLES + 0x2000 + 8 * i, (long) i << 21 | bits | PageTable.LARGE);
        }
        for (int vector = 0; vector < 64; vector++) {
            wideGate(vector, HANDLERS + 16 * vector, 0, 0);
        }
        memory.write64(TASK + Tss64.rsp(0), STACK0);
        memory.write64(TASK + Tss64.ist(1), IST1);
        cpu.idtrLimit = 64 * 16 - 1;
        cpu.cr4 |= Cr4.PAE;
        cpu.cr3 = TABLES;
        cpu.efer = Efer.LME | Efer.LMA | Efer.SCE;
        cpu.cr0 |= Cr0.PG;
        int code = level == 0 ? CODE64 : CODE64_USER;
        Segments.put(cpu, Cpu.CS, code, descriptor(code));
        Segments.put(cpu, Cpu.SS, level == 0 ? DATA0 : DATA3, descriptor(level == 0 ? DATA0 : DATA3));
        cpu.setCpl(level);
        cpu.updateMode();
        cpu.mmu.pagingModeChanged();
        cpu.gpr(4, STACK);
        cpu.rip(RIP);
    }

    // ---- programs

    /** Assembles code for the mode in force, puts it at RIP, and a HLT at every handler so that a run stops there. */
    Assembly load(String source) {
        Assembly code = Assembler.assemble(source, cpu.codeSize, cpu.rip());
        memory.write(cpu.rip() + cpu.get(CpuLayout.SEG_BASE + 8 * Cpu.CS), code.bytes(), 0, code.bytes().length);
        int bits = cpu.longMode() ? 64 : 32;
        byte[] plain = Assembler.assemble(bits == 64 ? "hlt\niretq" : "hlt\niret", bits, 0).bytes();
        byte[] withError = Assembler.assemble(bits == 64 ? "hlt\nadd rsp, 8\niretq" : "hlt\nadd esp, 4\niret", bits, 0).bytes();
        for (int vector = 0; vector < 256; vector++) {
            byte[] handler = ExceptionVector.pushesErrorCode(vector) ? withError : plain;
            memory.write(HANDLERS + 16 * vector, handler, 0, handler.length);
        }
        return code;
    }

    /** Runs to the next HLT: the vector whose handler it is in, -1 for the program's own, -3 for an exit, -4 if there is none. */
    int run() {
        cpu.activity = 0;
        return switch (interpreter().run(1000)) {
            case Interpreter.IDLE -> {
                long at = cpu.rip() + cpu.get(CpuLayout.SEG_BASE + 8 * Cpu.CS) - 1 - HANDLERS;
                yield at >= 0 && at < 16 * 256 && (at & 15) == 0 ? (int) (at >> 4) : -1;
            }
            case Interpreter.EXIT -> -3;
            default -> -4;
        };
    }

    /** Runs one instruction. */
    void step() {
        run(1);
    }

    /** What translated code did. */
    TranslationCounts translation() {
        return interpreter().translation();
    }

    /** Runs so many instructions. */
    void run(int instructions) {
        interpreter().run(instructions);
    }

    /** Assembles code for the mode in force at an address that is linear and physical. */
    void put(String source, long at) {
        byte[] code = Assembler.assemble(source, cpu.codeSize, at).bytes();
        memory.write(at, code, 0, code.length);
    }

    private Interpreter interpreter() {
        if (interpreter == null) {
            Integers.register(handlers);
            FpuFamilies.register(handlers);
            interpreter = new Interpreter(cpu, handlers, cache);
        }
        return interpreter;
    }

    // ---- execution

    /** An operation of two bytes with the operand size of the mode. */
    Op op(Mnemonic mnemonic) {
        Op op = new Op();
        op.mnemonic = mnemonic;
        op.length = 2;
        op.mode = cpu.codeSize;
        op.operandSize = cpu.codeSize == 64 ? 32 : cpu.codeSize;
        op.addressSize = cpu.codeSize;
        op.addressMask = op.addressSize == 16 ? 0xffff : op.addressSize == 32 ? 0xffff_ffffL : -1;
        op.linearMask = cpu.linearMask();
        op.base = CpuLayout.ZERO;
        op.index = CpuLayout.ZERO;
        op.segment = Cpu.DS;
        return op;
    }

    static void gpr(Op op, int register) {
        op.k0 = Instruction.GPR;
        op.r0 = CpuLayout.gpr(register);
        op.operandCount = Math.max(op.operandCount, 1);
    }

    static void memoryOperand(Op op, long address) {
        op.k0 = Instruction.MEMORY;
        op.displacement = address;
        op.operandCount = Math.max(op.operandCount, 1);
    }

    Result execute(Mnemonic mnemonic) {
        return execute(mnemonic, op -> { });
    }

    /** Executes as the engine does: RIP behind the instruction, back on it after a fault. */
    Result execute(Mnemonic mnemonic, Consumer<Op> operands) {
        Op op = op(mnemonic);
        operands.accept(op);
        boolean segment = op.k0 == Instruction.SEGMENT || op.k1 == Instruction.SEGMENT;
        long rip = cpu.rip();
        cpu.put(CpuLayout.BLOCK_RIP, rip);
        cpu.rip(rip + op.length);
        try {
            (segment ? handlers.segmentForm(mnemonic) : handlers.get(mnemonic)).execute(cpu, op);
            return Result.FINE;
        } catch (GuestFault fault) {
            if (!fault.trap) {
                cpu.rip(rip);
            }
            return Result.fault(fault.vector, fault.errorCode);
        } catch (ExitSignal exit) {
            cpu.rip(rip);
            return Result.EXITED;
        }
    }

    /** MOV of a selector to a segment register. */
    Result load(int register, int selector) {
        cpu.gpr(0, selector);
        return execute(Mnemonic.MOV, op -> {
            op.k0 = Instruction.SEGMENT;
            op.r0 = register;
            op.k1 = Instruction.GPR;
            op.r1 = CpuLayout.gpr(0);
        });
    }

    Result far(Mnemonic mnemonic, int selector, long offset) {
        return execute(mnemonic, op -> {
            op.k0 = Instruction.FAR_POINTER;
            op.immediate = offset;
            op.immediate2 = selector;
        });
    }

    Result moveToCr(int register, long value) {
        cpu.gpr(0, value);
        return execute(Mnemonic.MOV_CR, op -> {
            op.k0 = Instruction.CONTROL;
            op.r0 = register;
            op.k1 = Instruction.GPR;
            op.r1 = CpuLayout.gpr(0);
        });
    }

    Result interrupt(int vector) {
        return execute(Mnemonic.INT, op -> op.immediate = vector);
    }

    Result writeMsr(int index, long value) {
        cpu.gpr(1, index & 0xffff_ffffL);
        cpu.gpr(0, value & 0xffff_ffffL);
        cpu.gpr(2, value >>> 32);
        return execute(Mnemonic.WRMSR);
    }

    /** A fault of the instruction at RIP; true unless it left the guest. */
    boolean raise(int vector, int error, long detail) {
        GuestFault fault = cpu.fault(vector, error);
        fault.detail = detail;
        try {
            cpu.units.raise(cpu, fault);
            return true;
        } catch (ExitSignal exit) {
            return false;
        }
    }

    void push32(long... values) {
        for (long value : values) {
            cpu.gpr(4, cpu.gpr(4) - 4);
            memory.write32(cpu.gpr(4), (int) value);
        }
    }

    void push64(long... values) {
        for (long value : values) {
            cpu.gpr(4, cpu.gpr(4) - 8);
            memory.write64(cpu.gpr(4), value);
        }
    }

    /** The n-th double word on the stack. */
    long stack32(int n) {
        return memory.read32(cpu.gpr(4) + 4 * n) & 0xffff_ffffL;
    }

    long stack64(int n) {
        return memory.read64(cpu.gpr(4) + 8 * n);
    }

    @Override
    public void close() {
        if (interpreter != null) {
            interpreter.close(); // and the cache
        } else {
            cache.ifPresent(TranslationCache::close);
        }
        cpu.close();
        memory.close();
    }
}
