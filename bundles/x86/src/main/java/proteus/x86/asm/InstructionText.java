package proteus.x86.asm;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import proteus.x86.decode.EncodeRequest;
import proteus.x86.decode.Encoder;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** An instruction of the source: its prefixes, name and operands, turned into requests to the {@link Encoder}. */
final class InstructionText {
    private static final int FWAIT = 0x9B;
    private static final int SI = 6, DI = 7;
    private static final int DS = 3, FS = 4;
    private static final int DEFAULT_RADIX = 10;
    private static final Set<Mnemonic> STRINGS =
        Set.of(Mnemonic.MOVS, Mnemonic.CMPS, Mnemonic.SCAS, Mnemonic.LODS, Mnemonic.STOS, Mnemonic.INS, Mnemonic.OUTS);
    /** x87 instructions whose operand, left out, is ST1. */
    private static final Set<Mnemonic> STACK = Set.of(Mnemonic.FADDP, Mnemonic.FMULP, Mnemonic.FSUBP, Mnemonic.FSUBRP, Mnemonic.FDIVP, Mnemonic.FDIVRP,
        Mnemonic.FXCH, Mnemonic.FCOM, Mnemonic.FCOMP, Mnemonic.FUCOM, Mnemonic.FUCOMP, Mnemonic.FCOMI, Mnemonic.FCOMIP, Mnemonic.FUCOMI, Mnemonic.FUCOMIP);
    /** x87 arithmetic without operands pops. */
    private static final Map<Mnemonic, Mnemonic> POPPING = Map.of(Mnemonic.FADD, Mnemonic.FADDP, Mnemonic.FMUL, Mnemonic.FMULP, Mnemonic.FSUB, Mnemonic.FSUBP,
        Mnemonic.FSUBR, Mnemonic.FSUBRP, Mnemonic.FDIV, Mnemonic.FDIVP, Mnemonic.FDIVR, Mnemonic.FDIVRP);
    /** x87 instructions that may name ST0 as their first operand. */
    private static final Set<Mnemonic> COMPARES = Set.of(Mnemonic.FXCH, Mnemonic.FCOM, Mnemonic.FCOMP, Mnemonic.FUCOM, Mnemonic.FUCOMP);

    private boolean lock, rep, repne;
    private int segment = -1, operandSize, addressSize;
    private EncodeRequest.Family family = EncodeRequest.Family.ANY;
    private Names.Operation operation;
    private Operand.Row row;

    private InstructionText() {
    }

    /** Reads an instruction; null if the line does not start with one. */
    static InstructionText read(Tokens tokens, String label) {
        InstructionText text = new InstructionText();
        while (text.prefix(tokens)) {
            continue;
        }
        Token name = tokens.next();
        text.operation = name.kind() == Token.Kind.NAME ? Names.operation(name.text()) : null;
        if (text.operation == null) {
            throw new Problem(name.kind() == Token.Kind.END ? "a prefix without an instruction" : "unknown instruction \"" + name.text() + "\"");
        }
        text.row = OperandReader.read(tokens, label);
        text.rename(name.text().toLowerCase(Locale.ROOT));
        return text;
    }

    private boolean prefix(Tokens tokens) {
        if (tokens.peek().is("{")) {
            return familyPrefix(tokens);
        }
        if (tokens.peek().kind() != Token.Kind.NAME) {
            return false;
        }
        String word = tokens.peek().text().toLowerCase(Locale.ROOT);
        switch (word) {
            case "lock" -> lock = true;
            case "rep", "repe", "repz", "xrelease" -> rep = true;
            case "repne", "repnz", "xacquire", "bnd" -> repne = true;
            case "o16", "data16" -> operandSize = 16;
            case "o32", "data32" -> operandSize = 32;
            case "o64", "rex.w" -> operandSize = 64;
            case "a16", "addr16" -> addressSize = 16;
            case "a32", "addr32" -> addressSize = 32;
            case "a64" -> addressSize = 64;
            default -> {
                Names.Register register = Names.register(word);
                if (register == null || register.kind() != Instruction.SEGMENT) {
                    return false;
                }
                segment = register.number();
            }
        }
        tokens.next();
        return true;
    }

    private boolean familyPrefix(Tokens tokens) {
        tokens.next();
        String word = tokens.next().text().toLowerCase(Locale.ROOT);
        tokens.expect("}");
        family = switch (word) {
            case "vex" -> EncodeRequest.Family.VEX;
            case "evex" -> EncodeRequest.Family.EVEX;
            default -> throw new Problem("\"{" + word + "}\" is no prefix");
        };
        return true;
    }

    /** Names with two meanings: MOVSD and CMPSD are SSE2 with vector registers and string instructions without. */
    private void rename(String name) {
        boolean vectors = row.operands().stream().anyMatch(o -> o instanceof Operand.Reg r && r.register().kind() == Instruction.XMM);
        if (vectors && (operation.mnemonic() == Mnemonic.MOVS || operation.mnemonic() == Mnemonic.CMPS) && operation.operandSize() == 32) {
            operation = new Names.Operation(Mnemonic.valueOf(name.toUpperCase(Locale.ROOT)));
        }
        Mnemonic popping = POPPING.get(operation.mnemonic());
        boolean far = row.far();
        if (popping != null && row.operands().isEmpty()) {
            operation = new Names.Operation(popping);
        } else if (far && operation.mnemonic() == Mnemonic.JMP) {
            operation = new Names.Operation(Mnemonic.JMP_FAR);
        } else if (far && operation.mnemonic() == Mnemonic.CALL) {
            operation = new Names.Operation(Mnemonic.CALL_FAR);
        } else if (operation.mnemonic() == Mnemonic.MOV) {
            for (Operand o : row.operands()) {
                if (o instanceof Operand.Reg r && r.register().kind() == Instruction.CONTROL) {
                    operation = new Names.Operation(Mnemonic.MOV_CR);
                } else if (o instanceof Operand.Reg r && r.register().kind() == Instruction.DEBUG) {
                    operation = new Names.Operation(Mnemonic.MOV_DR);
                }
            }
        }
    }

    /** Assembles; {@code near} forbids short branches. */
    byte[] encode(Scope scope, int mode, boolean relativeByDefault, boolean near) {
        EncodeRequest request = new EncodeRequest();
        request.mnemonic = operation.mnemonic();
        request.mode = mode;
        request.address = scope.here() + (operation.waits() ? 1 : 0);
        request.condition = operation.condition();
        request.operandSize = operandSize != 0 ? operandSize : operation.operandSize();
        request.addressSize = addressSize != 0 ? addressSize : operation.addressSize();
        request.lock = lock;
        request.rep = rep;
        request.repne = repne;
        request.segmentOverride = segment;
        request.maskRegister = row.mask();
        request.zeroing = row.zeroing();
        request.rounding = row.rounding();
        request.broadcast = row.broadcast();
        request.family = family;
        if (STRINGS.contains(operation.mnemonic())) {
            stringOperands(request, scope, mode);
        } else if (request.mnemonic == Mnemonic.XLAT && row.operands().size() == 1) {
            memory((Operand.Mem) row.operands().get(0), request, scope, mode, false);
            request.memory = null;
        } else {
            for (Operand operand : row.operands()) {
                request.operands.add(operand(operand, request, scope, mode, relativeByDefault, near));
            }
            loopCounter(request);
        }
        if (operation.predicate() >= 0) {
            request.operands.add(EncodeRequest.Operand.immediate(operation.predicate()));
        }
        byte[] bytes = shortest(request);
        if (operation.waits()) {
            byte[] waiting = new byte[bytes.length + 1];
            waiting[0] = (byte) FWAIT;
            System.arraycopy(bytes, 0, waiting, 1, bytes.length);
            return waiting;
        }
        return bytes;
    }

    boolean isBranch() {
        return row.operands().size() >= 1 && row.operands().get(0) instanceof Operand.Value v && v.distance() == 0
            && (operation.mnemonic() == Mnemonic.JMP || operation.mnemonic() == Mnemonic.JCC);
    }

    private EncodeRequest.Operand operand(Operand operand, EncodeRequest request, Scope scope, int mode, boolean relativeByDefault, boolean near) {
        return switch (operand) {
            case Operand.Reg r -> new EncodeRequest.Operand(kind(r.register()), r.register().number(), r.register().bits(), 0, false);
            case Operand.Value v -> new EncodeRequest.Operand(Instruction.IMMEDIATE, 0, v.distance() != 0 ? v.distance() : near && v.size() == 0 ? EncodeRequest.NEAR : v.size(),
                v.expression().evaluate(scope), v.strict());
            case Operand.Far f -> {
                long selector = f.selector().evaluate(scope);
                if (selector < 0 || selector > 0xFFFF) {
                    throw new Problem("selector 0x" + Long.toHexString(selector) + " does not fit in 16 bits");
                }
                yield new EncodeRequest.Operand(Instruction.FAR_POINTER, (int) selector, f.size(), f.offset().evaluate(scope), false);
            }
            case Operand.Mem m -> memory(m, request, scope, mode, relativeByDefault);
        };
    }

    private static int kind(Names.Register register) {
        if (register.kind() == Instruction.NONE) {
            throw new Problem("register " + register.name() + " can only be the base of an address");
        }
        return register.kind();
    }

    private EncodeRequest.Operand memory(Operand.Mem operand, EncodeRequest request, Scope scope, int mode, boolean relativeByDefault) {
        if (request.memory != null) {
            throw new Problem("an instruction has at most one memory operand");
        }
        AddressTerms.Address address = AddressTerms.of(operand, scope, mode, relativeByDefault);
        request.memory = address.memory();
        if (address.addressSize() != 0) {
            request.addressSize = address.addressSize();
        }
        override(operand, request, mode);
        request.broadcast |= operand.broadcast();
        // For far branches NASM's size is that of the offset, with "ptr" it is that of the whole pointer
        boolean offsetSize = row.far() && !operand.ptr() && operand.size() != 0 && operand.size() <= 64;
        return EncodeRequest.Operand.memory(offsetSize ? operand.size() + 16 : operand.size());
    }

    private static void override(Operand.Mem operand, EncodeRequest request, int mode) {
        if (operand.segment() < 0) {
            return;
        }
        boolean bare = operand.outside() && request.memory.base() == Instruction.NO_REGISTER && request.memory.index() == Instruction.NO_REGISTER;
        if (bare && operand.segment() == DS) {
            return;
        }
        if (mode == 64 && operand.segment() < FS) {
            throw new Problem("only FS and GS can override the segment in 64-bit mode");
        }
        request.segmentOverride = operand.segment();
    }

    /** The operands that disassemblers show with string instructions say segment, address size and perhaps element size. */
    private void stringOperands(EncodeRequest request, Scope scope, int mode) {
        for (Operand operand : row.operands()) {
            if (operand instanceof Operand.Mem m) {
                request.memory = null;
                AddressTerms.Address address = AddressTerms.of(m, scope, mode, false);
                request.addressSize = address.addressSize();
                request.operandSize = m.size() != 0 ? m.size() : request.operandSize;
                if (address.memory().base() == SI && m.segment() >= 0 && m.segment() != DS) {
                    request.segmentOverride = m.segment();
                } else if (address.memory().base() != SI && address.memory().base() != DI) {
                    throw new Problem("string instructions address memory by SI and DI only");
                }
            }
        }
        request.memory = null;
    }

    /** {@code loop target, ecx}: the counter is told from the address size. */
    private static void loopCounter(EncodeRequest request) {
        boolean loop = request.mnemonic == Mnemonic.LOOP || request.mnemonic == Mnemonic.LOOPE || request.mnemonic == Mnemonic.LOOPNE;
        if (loop && request.operands.size() == 2 && request.operands.get(1).kind() == Instruction.GPR && request.operands.get(1).register() == 1) {
            request.addressSize = request.operands.remove(1).size();
        }
    }

    /** The shortest of the encodings of all ways to write the same thing; the first of the table among equals. */
    private byte[] shortest(EncodeRequest request) {
        byte[] best = null;
        String reason = null;
        for (List<EncodeRequest.Operand> operands : alternatives(request)) {
            request.operands = operands;
            Encoder.Result result = Encoder.encode(request);
            if (result instanceof Encoder.Encoded e && (best == null || e.bytes().length < best.length)) {
                best = e.bytes();
            } else if (result instanceof Encoder.Refused r && reason == null) {
                reason = r.reason();
            }
        }
        if (best == null) {
            throw new Problem(reason);
        }
        return best;
    }

    private List<List<EncodeRequest.Operand>> alternatives(EncodeRequest request) {
        List<EncodeRequest.Operand> written = request.operands;
        List<List<EncodeRequest.Operand>> all = new ArrayList<>(2);
        all.add(written);
        boolean two = written.size() == 2;
        switch (request.mnemonic) {
            case XCHG, TEST -> {
                if (two && written.get(1).kind() != Instruction.IMMEDIATE) {
                    all.add(List.of(written.get(1), written.get(0)));
                }
            }
            case IMUL -> {
                if (two && written.get(1).kind() == Instruction.IMMEDIATE) {
                    all.add(List.of(written.get(0), written.get(0), written.get(1)));
                }
            }
            case AAM, AAD -> {
                if (written.isEmpty()) {
                    all.add(List.of(EncodeRequest.Operand.immediate(DEFAULT_RADIX)));
                }
            }
            case MOV -> {
                // The upper half of the register does not matter
                if (two && written.get(0).kind() == Instruction.SEGMENT && written.get(1).kind() == Instruction.GPR) {
                    all.add(0, List.of(written.get(0), EncodeRequest.Operand.register(Instruction.GPR, written.get(1).register(), request.mode == 16 ? 16 : 32)));
                }
            }
            default -> x87(request, written, all);
        }
        return all;
    }

    private void x87(EncodeRequest request, List<EncodeRequest.Operand> written, List<List<EncodeRequest.Operand>> all) {
        if (STACK.contains(request.mnemonic) && written.isEmpty()) {
            all.add(List.of(EncodeRequest.Operand.register(Instruction.X87, 1, 0)));
        } else if (COMPARES.contains(request.mnemonic) && written.size() == 2 && written.get(0).kind() == Instruction.X87 && written.get(0).register() == 0) {
            all.add(written.subList(1, 2));
        } else if (row.operands().size() == 1 && row.operands().get(0) instanceof Operand.Reg r && r.to()) {
            all.set(0, List.of(written.get(0), EncodeRequest.Operand.register(Instruction.X87, 0, 0)));
        }
    }
}
