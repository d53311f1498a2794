package proteus.x86.asm;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;
import proteus.x86.disasm.RegisterNames;

/** What registers, instructions, sizes and prefixes are called. */
final class Names {
    /**
     * A register.
     *
     * @param kind one of {@link Instruction}'s operand kinds
     * @param bits size of a general register or of a vector
     */
    record Register(String name, int kind, int number, int bits) {
    }

    /**
     * The meaning of a name of an instruction.
     *
     * @param condition of JCC, SETCC, CMOVCC
     * @param operandSize that the name implies, or 0
     * @param addressSize that the name implies, or 0
     * @param predicate immediate that the name stands for, or -1
     * @param waits whether FWAIT goes first
     */
    record Operation(Mnemonic mnemonic, int condition, int operandSize, int addressSize, int predicate, boolean waits) {
        Operation(Mnemonic mnemonic) {
            this(mnemonic, 0, 0, 0, -1, false);
        }
    }

    static final Map<String, Integer> SIZES = Map.ofEntries(Map.entry("byte", 8), Map.entry("word", 16), Map.entry("dword", 32), Map.entry("fword", 48),
        Map.entry("qword", 64), Map.entry("tword", 80), Map.entry("tbyte", 80), Map.entry("oword", 128), Map.entry("xmmword", 128), Map.entry("yword", 256),
        Map.entry("ymmword", 256), Map.entry("zword", 512), Map.entry("zmmword", 512));
    /** The ISA's RC field by the names of embedded rounding. */
    static final Map<String, Integer> ROUNDING = Map.of("rn-sae", 0, "rd-sae", 1, "ru-sae", 2, "rz-sae", 3, "sae", 4);

    private static final String[][] CONDITIONS = {{"o"}, {"no"}, {"b", "c", "nae"}, {"ae", "nb", "nc"}, {"e", "z"}, {"ne", "nz"}, {"be", "na"}, {"a", "nbe"}, {"s"},
        {"ns"}, {"p", "pe"}, {"np", "po"}, {"l", "nge"}, {"ge", "nl"}, {"le", "ng"}, {"g", "nle"}};
    /** Predicates of CMPPS and the like; SSE has the first eight. */
    private static final List<String> PREDICATES = List.of("eq", "lt", "le", "unord", "neq", "nlt", "nle", "ord", "eq_uq", "nge", "ngt", "false", "neq_oq", "ge", "gt",
        "true", "eq_os", "lt_oq", "le_oq", "unord_s", "neq_us", "nlt_uq", "nle_uq", "ord_s", "eq_us", "nge_uq", "ngt_uq", "false_os", "neq_os", "ge_oq", "gt_oq",
        "true_us");
    private static final int SSE_PREDICATES = 8;

    private static final Map<String, Register> REGISTERS = new HashMap<>();
    private static final Map<String, Operation> OPERATIONS = new HashMap<>();

    static {
        registers();
        for (Mnemonic m : Mnemonic.values()) {
            OPERATIONS.put(m.name().toLowerCase(Locale.ROOT), new Operation(m));
        }
        for (Mnemonic notWritten : List.of(Mnemonic.INVALID, Mnemonic.JCC, Mnemonic.SETCC, Mnemonic.CMOVCC, Mnemonic.MOV_CR, Mnemonic.MOV_DR, Mnemonic.JMP_FAR,
            Mnemonic.CALL_FAR, Mnemonic.RET_FAR, Mnemonic.CWD)) {
            OPERATIONS.remove(notWritten.name().toLowerCase(Locale.ROOT));
        }
        families();
        sizes();
        aliases();
        waiting();
        predicates();
    }

    private Names() {
    }

    /** The register of a name in any case, or null. */
    static Register register(String name) {
        return REGISTERS.get(name.toLowerCase(Locale.ROOT));
    }

    /** What a name of an instruction means, or null. */
    static Operation operation(String name) {
        return OPERATIONS.get(name.toLowerCase(Locale.ROOT));
    }

    private static void registers() {
        Consumer<Register> add = r -> REGISTERS.put(r.name(), r);
        for (int number = 0; number < 16; number++) {
            for (int bits : new int[] {8, 16, 32, 64}) {
                add.accept(new Register(RegisterNames.of(Instruction.GPR, number, bits), Instruction.GPR, number, bits));
            }
            add.accept(new Register("cr" + number, Instruction.CONTROL, number, 0));
            add.accept(new Register("dr" + number, Instruction.DEBUG, number, 0));
        }
        for (int number = 0; number < 8; number++) {
            add.accept(new Register("mm" + number, Instruction.MMX, number, 64));
            add.accept(new Register("k" + number, Instruction.MASK, number, 0));
            add.accept(new Register("st" + number, Instruction.X87, number, 0));
        }
        add.accept(new Register("st", Instruction.X87, 0, 0));
        for (int number = 0; number < 32; number++) {
            add.accept(new Register("xmm" + number, Instruction.XMM, number, 128));
            add.accept(new Register("ymm" + number, Instruction.YMM, number, 256));
            add.accept(new Register("zmm" + number, Instruction.ZMM, number, 512));
        }
        for (int number = 4; number < 8; number++) {
            add.accept(new Register(RegisterNames.of(Instruction.GPR8_HIGH, number, 8), Instruction.GPR8_HIGH, number, 8));
        }
        for (int number = 0; number < 6; number++) {
            add.accept(new Register(RegisterNames.of(Instruction.SEGMENT, number, 16), Instruction.SEGMENT, number, 16));
        }
        add.accept(new Register("rip", Instruction.NONE, Instruction.RIP, 64));
        add.accept(new Register("eip", Instruction.NONE, Instruction.RIP, 32));
    }

    private static void families() {
        for (int condition = 0; condition < CONDITIONS.length; condition++) {
            for (String name : CONDITIONS[condition]) {
                OPERATIONS.put("j" + name, new Operation(Mnemonic.JCC, condition, 0, 0, -1, false));
                OPERATIONS.put("set" + name, new Operation(Mnemonic.SETCC, condition, 0, 0, -1, false));
                OPERATIONS.put("cmov" + name, new Operation(Mnemonic.CMOVCC, condition, 0, 0, -1, false));
            }
        }
    }

    private static void sized(String name, Mnemonic mnemonic, int bits) {
        OPERATIONS.put(name, new Operation(mnemonic, 0, bits, 0, -1, false));
    }

    private static void sizes() {
        for (Mnemonic string : List.of(Mnemonic.MOVS, Mnemonic.CMPS, Mnemonic.SCAS, Mnemonic.LODS, Mnemonic.STOS, Mnemonic.INS, Mnemonic.OUTS)) {
            String name = string.name().toLowerCase(Locale.ROOT);
            sized(name + "b", string, 8);
            sized(name + "w", string, 16);
            sized(name + "d", string, 32);
            if (string != Mnemonic.INS && string != Mnemonic.OUTS) {
                sized(name + "q", string, 64);
            }
        }
        for (Mnemonic stack : List.of(Mnemonic.IRET, Mnemonic.PUSHF, Mnemonic.POPF, Mnemonic.PUSHA, Mnemonic.POPA, Mnemonic.RET)) {
            String name = stack.name().toLowerCase(Locale.ROOT);
            sized(name + "w", stack, 16);
            sized(name + "d", stack, 32);
            sized(name + "q", stack, 64);
        }
        sized("retf", Mnemonic.RET_FAR, 0);
        sized("retfw", Mnemonic.RET_FAR, 16);
        sized("retfd", Mnemonic.RET_FAR, 32);
        sized("retfq", Mnemonic.RET_FAR, 64);
        sized("cbw", Mnemonic.CBW, 16);
        sized("cwde", Mnemonic.CBW, 32);
        sized("cdqe", Mnemonic.CBW, 64);
        sized("cwd", Mnemonic.CWD, 16);
        sized("cdq", Mnemonic.CWD, 32);
        sized("cqo", Mnemonic.CWD, 64);
        sized("sysretd", Mnemonic.SYSRET, 0);
        sized("sysretq", Mnemonic.SYSRET, 64);
        sized("sysexitd", Mnemonic.SYSEXIT, 0);
        sized("sysexitq", Mnemonic.SYSEXIT, 64);
        for (Mnemonic state : List.of(Mnemonic.FXSAVE, Mnemonic.FXRSTOR, Mnemonic.XSAVE, Mnemonic.XSAVEC, Mnemonic.XSAVEOPT, Mnemonic.XSAVES, Mnemonic.XRSTOR,
            Mnemonic.XRSTORS)) {
            sized(state.name().toLowerCase(Locale.ROOT) + "64", state, 64);
        }
        for (Mnemonic shadow : List.of(Mnemonic.INCSSP, Mnemonic.RDSSP, Mnemonic.WRSS, Mnemonic.WRUSS)) {
            sized(shadow.name().toLowerCase(Locale.ROOT) + "d", shadow, 0);
            sized(shadow.name().toLowerCase(Locale.ROOT) + "q", shadow, 64);
        }
        OPERATIONS.put("jcxz", new Operation(Mnemonic.JCXZ, 0, 0, 16, -1, false));
        OPERATIONS.put("jecxz", new Operation(Mnemonic.JCXZ, 0, 0, 32, -1, false));
        OPERATIONS.put("jrcxz", new Operation(Mnemonic.JCXZ, 0, 0, 64, -1, false));
    }

    private static void aliases() {
        Map<String, Mnemonic> others = Map.ofEntries(Map.entry("sal", Mnemonic.SHL), Map.entry("xlatb", Mnemonic.XLAT), Map.entry("wait", Mnemonic.FWAIT),
            Map.entry("icebp", Mnemonic.INT1), Map.entry("retn", Mnemonic.RET), Map.entry("loopz", Mnemonic.LOOPE), Map.entry("loopnz", Mnemonic.LOOPNE),
            Map.entry("movabs", Mnemonic.MOV), Map.entry("setalc", Mnemonic.SALC), Map.entry("ud2a", Mnemonic.UD2), Map.entry("ud2b", Mnemonic.UD1));
        others.forEach((name, mnemonic) -> OPERATIONS.put(name, new Operation(mnemonic)));
    }

    /** x87 control instructions without N check for pending exceptions first. */
    private static void waiting() {
        for (Mnemonic m : List.of(Mnemonic.FNCLEX, Mnemonic.FNINIT, Mnemonic.FNSAVE, Mnemonic.FNSTCW, Mnemonic.FNSTENV, Mnemonic.FNSTSW, Mnemonic.FNENI,
            Mnemonic.FNDISI, Mnemonic.FNSETPM)) {
            OPERATIONS.put("f" + m.name().substring(2).toLowerCase(Locale.ROOT), new Operation(m, 0, 0, 0, -1, true));
        }
    }

    private static void predicates() {
        for (int i = 0; i < PREDICATES.size(); i++) {
            for (String type : List.of("ps", "pd", "ss", "sd")) {
                String upper = type.toUpperCase(Locale.ROOT);
                if (i < SSE_PREDICATES) {
                    OPERATIONS.put("cmp" + PREDICATES.get(i) + type, new Operation(Mnemonic.valueOf("CMP" + upper), 0, 0, 0, i, false));
                }
                OPERATIONS.put("vcmp" + PREDICATES.get(i) + type, new Operation(Mnemonic.valueOf("VCMP" + upper), 0, 0, 0, i, false));
            }
        }
        String[] halves = {"lql", "hql", "lqh", "hqh"};
        for (int i = 0; i < halves.length; i++) {
            int selector = i & 1 | (i & 2) << 3;
            OPERATIONS.put("pclmul" + halves[i] + "qdq", new Operation(Mnemonic.PCLMULQDQ, 0, 0, 0, selector, false));
            OPERATIONS.put("vpclmul" + halves[i] + "qdq", new Operation(Mnemonic.VPCLMULQDQ, 0, 0, 0, selector, false));
        }
    }
}
