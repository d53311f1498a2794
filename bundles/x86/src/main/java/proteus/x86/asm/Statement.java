package proteus.x86.asm;

import java.util.List;

/** What a line of the source asks for. */
sealed interface Statement {
    record Label(String name) implements Statement {
    }

    record Equ(String name, Expression value) implements Statement {
    }

    record Bits(int mode) implements Statement {
    }

    record Org(Expression address) implements Statement {
    }

    /** {@code default rel} or {@code default abs}. */
    record Default(boolean relative) implements Statement {
    }

    /** Constant data: elements of {@code bytes} bytes each. */
    record Data(int bytes, List<Item> items) implements Statement {
    }

    /** An element of data: an expression, or bytes that are known. */
    record Item(Expression expression, byte[] fixed) {
    }

    record Reserve(int bytes, Expression count) implements Statement {
    }

    record Align(Expression boundary, Expression fill) implements Statement {
    }

    record Times(Expression count, Statement statement) implements Statement {
    }

    record Code(InstructionText instruction) implements Statement {
    }
}
