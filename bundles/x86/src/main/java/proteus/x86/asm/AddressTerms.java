package proteus.x86.asm;

import java.util.ArrayList;
import java.util.List;
import proteus.x86.decode.EncodeRequest;
import proteus.x86.decode.Instruction;

/** Takes the sum within the brackets of a memory operand apart: base, index, scale, displacement. */
final class AddressTerms {
    private record Term(Names.Register register, long factor, boolean multiplied) {
    }

    private static final int SP = 4, BP = 5;

    private final Scope scope;
    private final List<Term> registers = new ArrayList<>(2);
    private long displacement;

    private AddressTerms(Scope scope) {
        this.scope = scope;
    }

    /** An address: what the encoder needs, and the address size that its registers imply, or 0. */
    record Address(EncodeRequest.Memory memory, int addressSize) {
    }

    static Address of(Operand.Mem operand, Scope scope, int mode, boolean relativeByDefault) {
        AddressTerms terms = new AddressTerms(scope);
        terms.add(operand.address(), 1);
        return terms.address(operand, mode, relativeByDefault);
    }

    private void add(Expression expression, long factor) {
        switch (expression) {
            case Expression.Register r -> addRegister(r.register(), factor, false);
            case Expression.Binary b when b.operator().equals("+") -> {
                add(b.left(), factor);
                add(b.right(), factor);
            }
            case Expression.Binary b when b.operator().equals("-") -> {
                add(b.left(), factor);
                add(b.right(), -factor);
            }
            case Expression.Binary b when b.operator().equals("*") && b.left() instanceof Expression.Register r ->
                addRegister(r.register(), factor * b.right().evaluate(scope), true);
            case Expression.Binary b when b.operator().equals("*") && b.right() instanceof Expression.Register r ->
                addRegister(r.register(), factor * b.left().evaluate(scope), true);
            default -> displacement += factor * expression.evaluate(scope);
        }
    }

    private void addRegister(Names.Register register, long factor, boolean multiplied) {
        for (int i = 0; i < registers.size(); i++) {
            Term term = registers.get(i);
            if (term.register.equals(register) && register.kind() == Instruction.GPR && registers.size() == 1) {
                registers.set(i, new Term(register, term.factor + factor, true));
                return;
            }
        }
        registers.add(new Term(register, factor, multiplied));
    }

    private Address address(Operand.Mem operand, int mode, boolean relativeByDefault) {
        if (registers.size() > 2) {
            throw new Problem("an address has at most a base and an index register");
        }
        Term base = null;
        Term index = null;
        for (Term term : registers) {
            boolean mustIndex = isVector(term) || term.factor != 1;
            if (mustIndex || base != null) {
                if (index != null) {
                    throw new Problem("only one register of an address can be scaled");
                }
                index = term;
            } else {
                base = term;
            }
        }
        if (base != null && index != null && index.factor == 1 && !isVector(index)
            && (index.register.number() == SP && index.register.bits() != 16 || base.multiplied && !index.multiplied)) {
            Term swapped = base;
            base = index;
            index = swapped;
        } else if (base != null && index == null && base.multiplied && base.register.number() == BP) {
            // [ebp*1] is an address in DS, [ebp] one in SS
            index = base;
            base = null;
        }
        return of(operand, mode, relativeByDefault, base, index);
    }

    private static boolean isVector(Term term) {
        int kind = term.register.kind();
        return kind == Instruction.XMM || kind == Instruction.YMM || kind == Instruction.ZMM;
    }

    private Address of(Operand.Mem operand, int mode, boolean relativeByDefault, Term givenBase, Term givenIndex) {
        Term base = givenBase;
        Term index = givenIndex;
        if (base == null && index != null && !isVector(index) && !operand.keepsIndex() && index.register.number() != BP) {
            // [eax*2] is shorter as [eax+eax], and [eax*5] is [eax+eax*4]
            long factor = index.factor;
            if (factor == 2 || factor == 3 || factor == 5 || factor == 9) {
                base = new Term(index.register, 1, false);
                index = new Term(index.register, factor - 1, true);
            }
        } else if (base == null && index != null && (index.factor == 3 || index.factor == 5 || index.factor == 9)) {
            base = new Term(index.register, 1, false);
            index = new Term(index.register, index.factor - 1, true);
        }
        int size = Math.max(bits(base), bits(index));
        if (bits(base) != 0 && bits(index) != 0 && bits(base) != bits(index)) {
            throw new Problem("base and index register of an address must have the same size");
        }
        boolean none = base == null && index == null;
        boolean far = operand.segment() == 4 || operand.segment() == 5;
        boolean relative = none && mode == 64 && (operand.relative() > 0 || relativeByDefault && operand.relative() < 0 && !far && operand.displacementBits() != 64);
        int displacementBits = operand.displacementBits();
        if (none && displacementBits != 0 && displacementBits != 8) {
            size = displacementBits == 16 && mode == 64 ? 0 : displacementBits;
        }
        int scale = index == null ? 0 : scale(index.factor);
        int baseNumber = relative ? Instruction.RIP : base == null ? Instruction.NO_REGISTER : base.register.number();
        int indexNumber = index == null ? Instruction.NO_REGISTER : index.register.number();
        return new Address(new EncodeRequest.Memory(baseNumber, indexNumber, scale, displacement, size == 64 && none ? displacementBits : none ? 0 : displacementBits,
            relative), size);
    }

    private static int bits(Term term) {
        if (term == null || isVector(term)) {
            return 0;
        }
        boolean address = term.register.kind() == Instruction.GPR && term.register.bits() >= 16 || term.register.kind() == Instruction.NONE;
        if (!address) {
            throw new Problem("register " + term.register.name() + " cannot be part of an address");
        }
        return term.register.bits();
    }

    private static int scale(long factor) {
        return switch ((int) factor) {
            case 1 -> 0;
            case 2 -> 1;
            case 4 -> 2;
            case 8 -> 3;
            default -> throw new Problem("an index can be scaled by 1, 2, 4 or 8 only");
        };
    }
}
