package proteus.x86.asm;

import java.util.List;

/** An operand as it stands in the source. */
sealed interface Operand {
    /** A register, perhaps with the word {@code to} of the x87 before it. */
    record Reg(Names.Register register, boolean to) implements Operand {
    }

    /**
     * A number, an address or the target of a branch.
     *
     * @param size in bits as written, 0 if not
     * @param distance {@code short}: 8, {@code near}: 1, neither: 0
     */
    record Value(Expression expression, int size, boolean strict, int distance) implements Operand {
    }

    /** {@code selector:offset}. */
    record Far(Expression selector, Expression offset, int size) implements Operand {
    }

    /**
     * A memory operand.
     *
     * @param size in bits as written, 0 if not
     * @param ptr whether the word ptr, bcst or nothing followed the size, which for far branches tells the size of all from that of the offset
     * @param segment override as written, or -1
     * @param outside whether the segment stands before the bracket, as disassemblers write it
     * @param displacementBits size within the bracket, 0 if not given
     * @param relative {@code rel}: 1, {@code abs}: 0, neither: -1
     * @param address the sum within the bracket
     */
    record Mem(int size, boolean ptr, boolean broadcast, boolean far, int segment, boolean outside, int displacementBits, int relative, boolean keepsIndex,
        Expression address) implements Operand {
    }

    /** All operands of an instruction with what hangs on them. */
    record Row(List<Operand> operands, int mask, boolean zeroing, boolean broadcast, int rounding, boolean far) {
    }
}
