package proteus.debug.target;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ObjLongConsumer;
import java.util.function.ToLongFunction;
import proteus.api.silicon.CpuRegisters;
import proteus.api.state.ArchState;
import proteus.x86.format.Msr;

/**
 * The registers of an architecture in the order of GDB's numbers, which is that of the target description: the features
 * {@code org.gnu.gdb.i386.core}, {@code .sse}, {@code .avx} and {@code .segments} (GDB manual, G.5.5 "i386 Features"), and ours with control registers.
 */
public final class Registers {
    /** A feature of the target description and its registers. */
    record Feature(String name, List<Register> registers) {}

    private static final String[] NARROW = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
    private static final String[] WIDE = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"};
    /** Encodings in GDB's order of the 64-bit registers. */
    private static final int[] WIDE_ENCODING = {0, 3, 1, 2, 6, 7, 5, 4, 8, 9, 10, 11, 12, 13, 14, 15};
    private static final String[] SEGMENT_NAMES = {"cs", "ss", "ds", "es", "fs", "gs"};
    /** Places in an XSAVE image (SDM vol. 1, table 10-2). */
    private static final int FCW = 0, FSW = 2, FOP = 6, FIP = 8, FCS = 12, FDP = 16, FDS = 20, MXCSR = 24, ST0 = 32, XMM0 = 160, HIGH_HALVES = 576;

    private final Architecture architecture;
    private final List<Feature> features = new ArrayList<>();
    private final List<Register> all = new ArrayList<>();
    private final int bytes;

    /** @param avx the guest's processor has YMM registers */
    public Registers(Architecture architecture, boolean avx) {
        this.architecture = architecture;
        features.add(new Feature("org.gnu.gdb.i386.core", core()));
        features.add(new Feature("org.gnu.gdb.i386.sse", sse()));
        if (avx) {
            features.add(new Feature("org.gnu.gdb.i386.avx", highHalves()));
        }
        if (architecture.wide()) {
            features.add(new Feature("org.gnu.gdb.i386.segments", bases()));
        }
        features.add(new Feature("proteus.x86.control", control()));
        features.forEach(feature -> all.addAll(feature.registers()));
        bytes = all.stream().mapToInt(Register::bytes).sum();
    }

    public Architecture architecture() {
        return architecture;
    }

    List<Feature> features() {
        return features;
    }

    /** How many there are. */
    public int count() {
        return all.size();
    }

    /** Bytes of all. */
    public int bytes() {
        return bytes;
    }

    /** Size of one register. */
    public int bytes(int number) {
        return all.get(number).bytes();
    }

    /** Number of a register. */
    public int number(String name) {
        for (int i = 0; i < all.size(); i++) {
            if (all.get(i).name().equals(name)) {
                return i;
            }
        }
        throw new IllegalArgumentException("no register " + name);
    }

    /** All values, one after the other. */
    public byte[] read(ArchState state) {
        GuestRegisters guest = new GuestRegisters(state);
        byte[] values = new byte[bytes];
        int at = 0;
        for (Register register : all) {
            register.read(guest, values, at);
            at += register.bytes();
        }
        return values;
    }

    public byte[] read(ArchState state, int number) {
        byte[] value = new byte[bytes(number)];
        all.get(number).read(new GuestRegisters(state), value, 0);
        return value;
    }

    /**
     * The state with other values in registers, from the first on as far as the values reach.
     *
     * @throws UnsupportedOperationException for a register that cannot be changed so
     */
    public ArchState write(ArchState state, byte[] values) {
        GuestRegisters guest = new GuestRegisters(state);
        int at = 0;
        for (Register register : all) {
            if (at + register.bytes() > values.length) {
                break;
            }
            register.write(guest, values, at);
            at += register.bytes();
        }
        return guest.state();
    }

    public ArchState write(ArchState state, int number, byte[] value) {
        GuestRegisters guest = new GuestRegisters(state);
        all.get(number).write(guest, value, 0);
        return guest.state();
    }

    private List<Register> core() {
        boolean wide = architecture.wide();
        int word = wide ? 64 : 32;
        List<Register> list = new ArrayList<>();
        for (int i = 0; i < (wide ? 16 : 8); i++) {
            int encoding = wide ? WIDE_ENCODING[i] : i;
            boolean pointer = encoding == CpuRegisters.RSP || encoding == CpuRegisters.RBP;
            list.add(number((wide ? WIDE : NARROW)[i], word, pointer ? "data_ptr" : "int" + word, "general", g -> g.gpr[encoding], (g, v) -> g.gpr[encoding] = v));
        }
        list.add(number(wide ? "rip" : "eip", word, "code_ptr", "general", g -> g.rip, (g, v) -> g.rip = v));
        list.add(number("eflags", 32, "i386_eflags", "general", g -> g.rflags, (g, v) -> g.rflags = g.rflags & ~0xffff_ffffL | v));
        for (int i = 0; i < SEGMENT_NAMES.length; i++) {
            int segment = GuestRegisters.SEGMENTS[i];
            list.add(number(SEGMENT_NAMES[i], 32, "int32", "general", g -> g.selector(segment), (g, v) -> g.selector(segment, (int) v)));
        }
        for (int i = 0; i < 8; i++) {
            list.add(new Register("st" + i, 80, "i387_ext", "", new Register.Image(ST0 + 16 * i)));
        }
        list.add(half("fctrl", FCW));
        list.add(half("fstat", FSW));
        list.add(number("ftag", 32, "int", "float", GuestRegisters::tagWord, (g, v) -> g.tagWord((int) v)));
        list.add(half("fiseg", FCS));
        list.add(word("fioff", "int", "float", FIP));
        list.add(half("foseg", FDS));
        list.add(word("fooff", "int", "float", FDP));
        list.add(half("fop", FOP));
        return list;
    }

    private List<Register> sse() {
        List<Register> list = new ArrayList<>();
        for (int i = 0; i < (architecture.wide() ? 16 : 8); i++) {
            list.add(new Register("xmm" + i, 128, "vec128", "", new Register.Image(XMM0 + 16 * i)));
        }
        list.add(word("mxcsr", "i386_mxcsr", "vector", MXCSR));
        return list;
    }

    /** The upper halves of YMM registers, which GDB puts together with the lower ones. */
    private List<Register> highHalves() {
        List<Register> list = new ArrayList<>();
        for (int i = 0; i < (architecture.wide() ? 16 : 8); i++) {
            list.add(new Register("ymm" + i + "h", 128, "uint128", "", new Register.Image(HIGH_HALVES + 16 * i)));
        }
        return list;
    }

    /** GDB's feature is for 64-bit machines; the others have the bases among the control registers. */
    private List<Register> bases() {
        String type = architecture.wide() ? "int" : "int32";
        int bits = architecture.wide() ? 64 : 32;
        return List.of(base("fs_base", bits, type, CpuRegisters.FS), base("gs_base", bits, type, CpuRegisters.GS));
    }

    private static Register base(String name, int bits, String type, int segment) {
        return number(name, bits, type, "", g -> g.segments[segment].base(), (g, v) -> g.base(segment, v));
    }

    private List<Register> control() {
        boolean wide = architecture.wide();
        int bits = wide ? 64 : 32;
        String flags = wide ? "64" : "32";
        List<Register> list = new ArrayList<>();
        if (!wide) {
            list.addAll(bases());
        } else {
            list.add(msr("k_gs_base", 64, "int64", Msr.IA32_KERNEL_GS_BASE));
        }
        list.add(number("cr0", bits, "cr0_" + flags, "system", g -> g.cr0, (g, v) -> g.cr0 = v));
        list.add(number("cr2", bits, "int" + bits, "system", g -> g.cr2, (g, v) -> g.cr2 = v));
        list.add(number("cr3", bits, "int" + bits, "system", g -> g.cr3, (g, v) -> g.cr3 = v));
        list.add(number("cr4", bits, "cr4_" + flags, "system", g -> g.cr4, (g, v) -> g.cr4 = v));
        list.add(number("cr8", bits, "int" + bits, "system", g -> g.cr8, (g, v) -> g.cr8 = v & 0xf));
        list.add(msr("efer", bits, "efer_" + flags, Msr.IA32_EFER));
        return list;
    }

    private static Register msr(String name, int bits, String type, int index) {
        return number(name, bits, type, "system", g -> g.msrs.getOrDefault(index, 0L), (g, v) -> g.msrs.put(index, v));
    }

    private static Register half(String name, int offset) {
        return number(name, 32, "int", "float", g -> g.xsave.getShort(offset) & 0xffff, (g, v) -> g.xsave.putShort(offset, (short) v));
    }

    private static Register word(String name, String type, String group, int offset) {
        return number(name, 32, type, group, g -> g.xsave.getInt(offset) & 0xffff_ffffL, (g, v) -> g.xsave.putInt(offset, (int) v));
    }

    private static Register number(String name, int bits, String type, String group, ToLongFunction<GuestRegisters> get,
            ObjLongConsumer<GuestRegisters> set) {
        return new Register(name, bits, type, group, new Register.Number(get, set));
    }
}
