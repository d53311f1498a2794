package proteus.silicon.fpu;

import static proteus.silicon.cpu.CpuLayout.BLOCK_RIP;
import static proteus.silicon.cpu.CpuLayout.FCS;
import static proteus.silicon.cpu.CpuLayout.FCW;
import static proteus.silicon.cpu.CpuLayout.FDP;
import static proteus.silicon.cpu.CpuLayout.FDS;
import static proteus.silicon.cpu.CpuLayout.FIP;
import static proteus.silicon.cpu.CpuLayout.FOP;
import static proteus.silicon.cpu.CpuLayout.FSW;
import static proteus.silicon.cpu.CpuLayout.FTW;
import static proteus.silicon.cpu.CpuLayout.MXCSR;
import static proteus.silicon.cpu.CpuLayout.X87;
import static proteus.silicon.cpu.CpuLayout.XMM;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import proteus.api.event.EventCounters;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuFeatures;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.GuestFault;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Raw;
import proteus.silicon.mmu.Mmu;
import proteus.silicon.mmu.ModelHostMemory;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.Efer;
import proteus.x86.format.Rflags;

/** Runs forms on the host's processor and on the model over the same states and reports every difference. */
final class Conformance implements AutoCloseable {
    private static final int BATCH = 2000;
    private static final long CODE = 0x2000, STATE_AT = 0x4000;
    private static final int[] GPRS = {0, 1, 2, 3};
    private static final int RDI = 7, UNDEFINED_OPCODE = 6;

    private final ModelHostMemory memory = new ModelHostMemory(1 << 20);
    private final Cpu cpu = new Cpu(new EventCounters(), new CpuFeatures("test", EnumSet.noneOf(proteus.api.silicon.SiliconFeature.class), 40), false,
        c -> new Mmu(c, memory));
    private final NativeCpu host = new NativeCpu();
    private final boolean withAvx = host.avx();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment in = arena.allocate((long) BATCH * NativeCpu.STATE, 64);
    private final MemorySegment out = arena.allocate((long) BATCH * NativeCpu.STATE, 64);
    private final MemorySegment mine = arena.allocate(NativeCpu.STATE, 64);
    final HandlerTable handlers = new HandlerTable();
    /** Cases and differences by form. */
    final Map<String, long[]> results = new TreeMap<>();
    final List<String> examples = new ArrayList<>();

    Conformance() {
        FpuFamilies.register(handlers);
        cpu.cr0 = Cr0.PE | Cr0.MP | Cr0.NE;
        cpu.cr4 = Cr4.OSFXSR | Cr4.OSXMMEXCPT | Cr4.OSXSAVE | Cr4.PAE;
        cpu.xcr0 = 7;
        cpu.efer = Efer.LMA | Efer.LME;
        cpu.rights[Cpu.CS] = 0xa09b;
        cpu.setCpl(3);
        cpu.updateMode();
        cpu.mmu.pagingModeChanged();
    }

    @Override
    public void close() {
        host.close();
        arena.close();
        cpu.close();
        memory.close();
    }

    /** What this host does not have. */
    final Set<String> unsupported = new TreeSet<>();
    private int examplesOfForm;
    private int window;

    /** @return number of differences */
    long run(Form form, long cases, long seed, boolean faults) {
        host.instruction(form.code());
        examplesOfForm = 0;
        for (int i = 0; i < form.code().length; i++) {
            Raw.putByte(cpu.mmu.hostAddress(CODE) + i, form.code()[i]);
        }
        RandomStates random = new RandomStates(seed ^ Arrays.hashCode(form.code()));
        RandomStates.Elements[] elements = elements(form);
        window = form.isImage() ? NativeCpu.IMAGE : NativeCpu.SMALL;
        long differences = 0;
        for (long done = 0; done < cases; done += BATCH) {
            int n = (int) Math.min(BATCH, cases - done);
            for (int i = 0; i < n; i++) {
                random.fill(in, (long) i * NativeCpu.STATE, elements[(int) (done + i) % elements.length], faults, form.escape(), window);
                prepare(form, i);
            }
            MemorySegment.copy(in, 0, out, 0, (long) n * NativeCpu.STATE);
            host.run(in, out, n);
            if (done == 0 && lacking(n)) {
                unsupported.add(form.op().mnemonic.name());
                return 0;
            }
            for (int i = 0; i < n; i++) {
                differences += one(form, (long) i * NativeCpu.STATE) ? 0 : 1;
            }
        }
        long[] sum = results.computeIfAbsent(form.op().mnemonic.name(), k -> new long[2]);
        sum[0] += cases;
        sum[1] += differences;
        return differences;
    }

    /** Every case ended in #UD. */
    private boolean lacking(int n) {
        for (int i = 0; i < n; i++) {
            if (Raw.getLong(out.address() + (long) i * NativeCpu.STATE + NativeCpu.VECTOR) != UNDEFINED_OPCODE + 1) {
                return false;
            }
        }
        return true;
    }

    /** Operands that random bits would hardly ever make valid. */
    private void prepare(Form form, int i) {
        long at = in.address() + (long) i * NativeCpu.STATE;
        long operand = at + NativeCpu.MEMORY;
        switch (form.op().mnemonic) {
            case FXRSTOR, XRSTOR -> image(form, operand, i);
            case LDMXCSR, VLDMXCSR -> Raw.putInt(operand, i * 77777 & (i % 3 == 0 ? 0x1ffff : 0xffff));
            case XSAVE, XSAVEC, XSAVEOPT -> components(at, i);
            default -> {
                if (form.op().mnemonic.name().startsWith("VF")) {
                    RandomStates.cancel(at, i, form.op().mnemonic.name().endsWith("S"));
                } else if (form.gathers()) {
                    RandomStates.indices(at, form.op().mnemonic.name().contains("GATHERQ"));
                }
            }
        }
    }

    private static void components(long at, int i) {
        Raw.putLong(at + NativeCpu.GPRS, i & 3);
        Raw.putLong(at + NativeCpu.GPRS + 16, 0);
    }

    private static void image(Form form, long operand, int i) {
        // pointers that are canonical on any processor
        Raw.putLong(operand + 8, Raw.getLong(operand + 8) << 17 >> 17);
        Raw.putLong(operand + 16, Raw.getLong(operand + 16) << 17 >> 17);
        Raw.putInt(operand + 24, i * 77777 & (i % 3 == 0 ? 0x1ffff : 0xffff));
        if (form.op().mnemonic == Mnemonic.XRSTOR) {
            components(operand - NativeCpu.MEMORY, i);
            Raw.putLong(operand + 512, i >> 2 & 3 | (i % 50 == 0 ? 1L << 62 : 0));
            Raw.putLong(operand + 520, (i >> 4 & 1) != 0 ? 1L << 63 | i >> 5 & 3 | (i % 7 == 0 ? 1L << 61 : 0) : i % 60 == 0 ? 3 : 0);
            for (int k = 528; k < 576; k += 8) {
                Raw.putLong(operand + k, i % 40 == k - 528 ? 1 : 0);
            }
        }
    }

    private static RandomStates.Elements[] elements(Form form) {
        String name = form.op().mnemonic.name();
        if (name.startsWith("CVT") || name.startsWith("VCVT")) {
            return RandomStates.Elements.values();
        }
        if (name.endsWith("PS") || name.endsWith("SS")) {
            return new RandomStates.Elements[] {RandomStates.Elements.SINGLES};
        }
        if (name.endsWith("PD") || name.endsWith("SD")) {
            return new RandomStates.Elements[] {RandomStates.Elements.DOUBLES};
        }
        return form.escape() != 0 || form.op().k0 == Instruction.X87 ? new RandomStates.Elements[] {RandomStates.Elements.DOUBLES}
            : new RandomStates.Elements[] {RandomStates.Elements.INTEGERS};
    }

    private boolean one(Form form, long at) {
        long from = in.address() + at;
        load(from);
        long vector = 0;
        try {
            form.op().handler.execute(cpu, form.op());
        } catch (GuestFault fault) {
            vector = fault.vector + 1;
        }
        store(mine.address(), vector);
        return compare(form, from, out.address() + at, mine.address());
    }

    private void load(long from) {
        long s = cpu.s;
        int status = Raw.getShort(from + 2);
        Raw.putShort(s + FCW, Raw.getShort(from));
        Raw.putShort(s + FSW, (short) status);
        Raw.putShort(s + FTW, (short) FxImage.full(Raw.getByte(from + 4) & 0xff));
        Raw.putShort(s + FOP, (short) (Raw.getShort(from + 6) & 0x7ff));
        Raw.putLong(s + FIP, Raw.getLong(from + 8));
        Raw.putLong(s + FDP, Raw.getLong(from + 16));
        Raw.putShort(s + FCS, (short) 0);
        Raw.putShort(s + FDS, (short) 0);
        Guard.summarize(cpu);
        Raw.putInt(s + MXCSR, Raw.getInt(from + 24));
        int top = status >> 11 & 7;
        for (int i = 0; i < 8; i++) {
            Raw.copy(from + 32 + 16 * i, s + X87 + 16 * (top + i & 7), 10);
        }
        for (int i = 0; i < 16; i++) {
            Raw.copy(from + 160 + 16 * i, s + XMM + 32 * i, 16);
            Raw.copy(from + NativeCpu.HIGH_HALVES + 16 * i, s + XMM + 32 * i + 16, 16);
        }
        for (int i = 0; i < GPRS.length; i++) {
            cpu.gpr(GPRS[i], Raw.getLong(from + NativeCpu.GPRS + 8 * i));
        }
        cpu.rflags(Raw.getLong(from + NativeCpu.FLAGS));
        cpu.gpr(RDI, STATE_AT + NativeCpu.MEMORY);
        cpu.put(BLOCK_RIP, CODE);
        Raw.copy(from + NativeCpu.MEMORY, cpu.mmu.hostAddress(STATE_AT) + NativeCpu.MEMORY, window);
    }

    private void store(long to, long vector) {
        long s = cpu.s;
        int status = Raw.getShort(s + FSW);
        Raw.putShort(to, Raw.getShort(s + FCW));
        Raw.putShort(to + 2, (short) status);
        Raw.putShort(to + 4, (short) FxImage.abridged(Raw.getShort(s + FTW)));
        Raw.putShort(to + 6, (short) (Raw.getShort(s + FOP) & 0x7ff));
        Raw.putLong(to + 8, Raw.getLong(s + FIP));
        Raw.putLong(to + 16, Raw.getLong(s + FDP));
        Raw.putInt(to + 24, Raw.getInt(s + MXCSR));
        Raw.putInt(to + 28, 0xffff);
        int top = status >> 11 & 7;
        for (int i = 0; i < 8; i++) {
            long register = s + X87 + 16 * (top + i & 7);
            Raw.putLong(to + 32 + 16 * i, Raw.getLong(register));
            Raw.putLong(to + 40 + 16 * i, Raw.getShort(register + 8) & 0xffffL);
        }
        for (int i = 0; i < 16; i++) {
            Raw.copy(s + XMM + 32 * i, to + 160 + 16 * i, 16);
            Raw.copy(s + XMM + 32 * i + 16, to + NativeCpu.HIGH_HALVES + 16 * i, 16);
        }
        for (int i = 0; i < GPRS.length; i++) {
            Raw.putLong(to + NativeCpu.GPRS + 8 * i, cpu.gpr(GPRS[i]));
        }
        Raw.putLong(to + NativeCpu.FLAGS, cpu.rflags());
        Raw.putLong(to + NativeCpu.VECTOR, vector);
        Raw.copy(cpu.mmu.hostAddress(STATE_AT) + NativeCpu.MEMORY, to + NativeCpu.MEMORY, window);
    }

    /** Pointers into code and data are the host's addresses there and the guest's here. */
    private void translate(long theirs) {
        if (Raw.getLong(theirs + 8) == host.instructionAddress()) {
            Raw.putLong(theirs + 8, CODE);
        }
        long data = Raw.getLong(theirs + 16) - theirs;
        if (data >= 0 && data < NativeCpu.STATE) {
            Raw.putLong(theirs + 16, STATE_AT + data);
        }
        // the trap at which a pending exception is noticed sees the processor's own pointer format: no more to translate
    }

    private boolean compare(Form form, long before, long theirs, long ours) {
        translate(theirs);
        long tolerance = Tolerance.of(form.op().mnemonic);
        if (form.op().mnemonic == Mnemonic.XRSTOR && Raw.getLong(theirs + NativeCpu.VECTOR) != 0) {
            // a processor may have loaded a part when it faults (SDM vol. 1, 13.8); the model has not
            return Raw.getLong(theirs + NativeCpu.VECTOR) == Raw.getLong(ours + NativeCpu.VECTOR);
        }
        for (int i = 0; i < NativeCpu.MEMORY + window; i += 8) {
            if (i == 416) {
                i = withAvx ? NativeCpu.HIGH_HALVES : NativeCpu.GPRS;
            }
            long a = Raw.getLong(theirs + i);
            long b = Raw.getLong(ours + i);
            if (i == NativeCpu.FLAGS) {
                a &= 0x8d5;
                b &= 0x8d5;
            }
            if (a != b && !(tolerance != 0 && near(i, theirs, ours, tolerance))) {
                if (examplesOfForm++ < 4) {
                    examples.add(describe(form, i, a, b, before));
                }
                return false;
            }
        }
        return true;
    }

    private static boolean near(int i, long theirs, long ours, long tolerance) {
        if (i == 0) {
            return Tolerance.closeStatus(Raw.getLong(theirs), Raw.getLong(ours));
        }
        int register = i & ~8;
        return i >= 32 && i < 160 && Tolerance.close(Raw.getLong(theirs + register + 8), Raw.getLong(theirs + register), Raw.getLong(ours + register + 8),
            Raw.getLong(ours + register), tolerance);
    }

    private static String place(int i) {
        if (i < 32) {
            return i == 0 ? "control/status/tags" : i == 8 ? "FIP" : i == 16 ? "FDP" : "MXCSR";
        }
        if (i < 160) {
            return "ST" + (i - 32) / 16 + ((i & 8) == 0 ? " significand" : " tag");
        }
        if (i < 416) {
            return "XMM" + (i - 160) / 16 + ((i & 8) == 0 ? " low" : " high");
        }
        if (i < NativeCpu.GPRS) {
            return "YMM" + (i - NativeCpu.HIGH_HALVES) / 16 + ((i & 8) == 0 ? " third" : " fourth");
        }
        return i < NativeCpu.FLAGS ? "GPR" + (i - NativeCpu.GPRS) / 8 : i == NativeCpu.FLAGS ? "flags" : i == NativeCpu.VECTOR ? "vector+1"
            : "memory+" + (i - NativeCpu.MEMORY);
    }

    private static String describe(Form form, int i, long host, long model, long before) {
        StringBuilder s = new StringBuilder("%s (%s) %s: host %x model %x | FCW %x FSW %x tags %x MXCSR %x".formatted(form.name(), form.hex(), place(i), host,
            model, Raw.getShort(before), Raw.getShort(before + 2), Raw.getByte(before + 4), Raw.getInt(before + 24)));
        for (int k = 0; k < 3; k++) {
            s.append(" ST%d %04x:%016x".formatted(k, Raw.getShort(before + 40 + 16 * k), Raw.getLong(before + 32 + 16 * k)));
        }
        for (int k = 1; k < 4; k++) {
            s.append(" Y%d %016x:%016x:%016x:%016x".formatted(k, Raw.getLong(before + NativeCpu.HIGH_HALVES + 8 + 16 * k),
                Raw.getLong(before + NativeCpu.HIGH_HALVES + 16 * k), Raw.getLong(before + 168 + 16 * k), Raw.getLong(before + 160 + 16 * k)));
        }
        s.append(" rcx %x rdx %x m %x:%x".formatted(Raw.getLong(before + NativeCpu.GPRS + 8), Raw.getLong(before + NativeCpu.GPRS + 16),
            Raw.getLong(before + NativeCpu.MEMORY + 8), Raw.getLong(before + NativeCpu.MEMORY)));
        if (form.op().mnemonic == Mnemonic.XRSTOR) {
            s.append(" rax %x mxcsr %x".formatted(Raw.getLong(before + NativeCpu.GPRS), Raw.getInt(before + NativeCpu.MEMORY + 24)));
            for (int k = 512; k < 576; k += 8) {
                s.append(" %x".formatted(Raw.getLong(before + NativeCpu.MEMORY + k)));
            }
        }
        return s.toString();
    }

    /** {@code Conformance CASES SEED [MNEMONIC-PATTERN]}: a long run that prints figures and examples of differences. */
    public static void main(String[] args) {
        long cases = Long.parseLong(args[0]);
        long seed = Long.parseLong(args[1]);
        String pattern = args.length > 2 ? args[2] : ".*";
        int perForm = args.length > 3 ? Integer.parseInt(args[3]) : 2;
        try (Conformance c = new Conformance()) {
            List<Form> forms = new ArrayList<>(Form.x87(c.handlers));
            forms.addAll(Form.vex(c.handlers, 0, (int) (seed * 31 & 0xff), 0x1b, (int) (seed * 101 >> 3 & 0xff), (int) (seed * 57 + 200 & 0xff)));
            forms.addAll(Form.simd(c.handlers, 0, (int) (seed * 31 & 0xff), 0x1b, (int) (seed * 101 >> 3 & 0xff), (int) (seed * 57 + 200 & 0xff)));
            long start = System.nanoTime();
            long total = 0;
            for (Form form : forms) {
                if (!form.op().mnemonic.name().matches(pattern)) {
                    continue;
                }
                total += cases;
                int shown = c.examples.size();
                long differences = c.run(form, cases, seed, true);
                if (differences > 0) {
                    System.out.printf("%-30s %s: %d of %d%n", form.name(), form.hex(), differences, cases);
                    c.examples.stream().skip(shown).limit(perForm).forEach(e -> System.out.println("    " + e));
                }
            }
            long bad = c.results.values().stream().mapToLong(r -> r[1]).sum();
            if (args.length > 4) {
                c.results.forEach((mnemonic, r) -> System.out.printf("%-16s %12d cases %8d differences%n", mnemonic, r[0], r[1]));
            }
            System.out.println("not on this host: " + c.unsupported);
            System.out.printf("%d cases in %d mnemonics, %d differences, %.1f s%n", total, c.results.size(), bad, (System.nanoTime() - start) / 1e9);
        }
    }
}
