package proteus.silicon.exec;

import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Decoder;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** Lets the tests of other packages lower a single instruction. */
public final class Lowered {
    private Lowered() {}

    /** Registers the integer instructions. */
    public static void integers(HandlerTable handlers) {
        Integers.register(handlers);
    }

    /** As {@link #lower(HandlerTable, long, byte[], int)}, on a processor that has everything. */
    public static Op lower(HandlerTable handlers, byte[] code, int mode) {
        return lower(handlers, -1, code, mode);
    }

    /** The instruction at the start of the bytes, as the first of a block; null if there is none or no handler for it. */
    public static Op lower(HandlerTable handlers, long isa, byte[] code, int mode) {
        Instruction instruction = new Instruction();
        Decoder.decode(i -> i < code.length ? code[i] & 0xff : 0, mode, instruction);
        if (instruction.mnemonic == Mnemonic.INVALID || handlers.get(instruction.mnemonic) == null) {
            return null;
        }
        return new Lowering(0, isa, handlers, m -> {
        }).lower(instruction, 0, mode);
    }
}
