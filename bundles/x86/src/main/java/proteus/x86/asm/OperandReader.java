package proteus.x86.asm;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import proteus.x86.decode.EncodeRequest;
import proteus.x86.decode.Instruction;

/** Reads the operands of an instruction. */
final class OperandReader {
    private final Tokens tokens;
    private final String label;
    private final List<Operand> operands = new ArrayList<>(4);
    private int mask;
    private boolean zeroing, broadcast;
    private int rounding = EncodeRequest.NO_ROUNDING;
    private boolean far;

    // The words before one operand
    private int size, distance;
    private boolean strict, ptr, bcst, to;

    private OperandReader(Tokens tokens, String label) {
        this.tokens = tokens;
        this.label = label;
    }

    static Operand.Row read(Tokens tokens, String label) {
        OperandReader reader = new OperandReader(tokens, label);
        if (!tokens.atEnd()) {
            do {
                reader.operand();
            } while (tokens.accept(","));
        }
        tokens.expectEnd();
        return new Operand.Row(List.copyOf(reader.operands), reader.mask, reader.zeroing, reader.broadcast, reader.rounding, reader.far);
    }

    private void operand() {
        keywords();
        if (tokens.peek().is("{")) {
            decorations();
            return;
        }
        Operand operand = body();
        operands.add(operand);
        decorations();
    }

    private void keywords() {
        size = 0;
        distance = 0;
        strict = false;
        ptr = false;
        bcst = false;
        to = false;
        while (tokens.peek().kind() == Token.Kind.NAME) {
            String word = tokens.peek().text().toLowerCase(Locale.ROOT);
            switch (word) {
                case "strict" -> strict = true;
                case "short" -> distance = 8;
                case "near" -> distance = EncodeRequest.NEAR;
                case "far" -> far = true;
                case "ptr" -> ptr = true;
                case "bcst" -> bcst = true;
                case "to" -> to = true;
                default -> {
                    Integer bits = Names.SIZES.get(word);
                    if (bits == null) {
                        return;
                    }
                    size = bits;
                }
            }
            tokens.next();
        }
    }

    private Operand body() {
        if (tokens.accept("[")) {
            return memory(-1);
        }
        Names.Register register = tokens.peek().kind() == Token.Kind.NAME ? Names.register(tokens.peek().text()) : null;
        if (register == null) {
            return value();
        }
        tokens.next();
        if (register.kind() == Instruction.SEGMENT && tokens.accept(":")) {
            if (tokens.accept("[")) {
                return memory(register.number());
            }
            return new Operand.Mem(size, ptr, bcst, far, register.number(), true, 0, 0, false, Expression.parse(tokens, label));
        }
        if (register.name().equals("st") && tokens.accept("(")) {
            Token number = tokens.next();
            tokens.expect(")");
            register = Names.register("st" + number.text());
            if (register == null) {
                throw new Problem("there is no st(" + number.text() + ")");
            }
        }
        return new Operand.Reg(register, to);
    }

    private Operand value() {
        Expression first = Expression.parse(tokens, label);
        if (tokens.accept(":")) {
            far = true;
            return new Operand.Far(first, Expression.parse(tokens, label), size);
        }
        return new Operand.Value(first, size, strict, distance);
    }

    /** What follows the opening bracket. */
    private Operand memory(int outer) {
        int displacementBits = 0;
        int relative = -1;
        int segment = outer;
        boolean keepsIndex = false;
        while (tokens.peek().kind() == Token.Kind.NAME) {
            String word = tokens.peek().text().toLowerCase(Locale.ROOT);
            if (word.equals("rel") || word.equals("abs")) {
                relative = word.equals("rel") ? 1 : 0;
            } else if (word.equals("nosplit")) {
                keepsIndex = true;
            } else if (Names.SIZES.containsKey(word)) {
                displacementBits = Names.SIZES.get(word);
            } else if (tokens.peek(1).is(":") && Names.register(word) != null && Names.register(word).kind() == Instruction.SEGMENT) {
                segment = Names.register(word).number();
                tokens.next();
            } else {
                break;
            }
            tokens.next();
        }
        Expression address = Expression.parse(tokens, label);
        tokens.expect("]");
        return new Operand.Mem(size, ptr, bcst, far, segment, outer >= 0, displacementBits, relative, keepsIndex, address);
    }

    private void decorations() {
        while (tokens.accept("{")) {
            StringBuilder text = new StringBuilder();
            while (!tokens.peek().is("}")) {
                if (tokens.atEnd()) {
                    throw new Problem("\"{\" without \"}\"");
                }
                text.append(tokens.next().text());
            }
            tokens.next();
            decoration(text.toString().toLowerCase(Locale.ROOT));
        }
    }

    private void decoration(String text) {
        Integer rounds = Names.ROUNDING.get(text);
        if (rounds != null) {
            rounding = rounds;
        } else if (text.equals("z")) {
            zeroing = true;
        } else if (text.matches("k[1-7]")) {
            mask = text.charAt(1) - '0';
        } else if (text.matches("1to(2|4|8|16|32)")) {
            broadcast = true;
        } else {
            throw new Problem("\"{" + text + "}\" is no decoration");
        }
    }
}
