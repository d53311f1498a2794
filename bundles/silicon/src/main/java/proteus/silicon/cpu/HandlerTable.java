package proteus.silicon.cpu;

import java.util.BitSet;
import proteus.x86.decode.Mnemonic;

/** Which handler executes which instruction. Filled once by the families' {@code register} methods, then only read. */
public final class HandlerTable {
    private final Handler[] handlers = new Handler[Mnemonic.values().length];
    private final Handler[] segmentForms = new Handler[handlers.length];
    private final BitSet ending = new BitSet();

    /** An instruction after which the block goes on. */
    public void put(Mnemonic mnemonic, Handler handler) {
        if (handlers[mnemonic.ordinal()] != null) {
            throw new IllegalStateException("two families execute " + mnemonic);
        }
        handlers[mnemonic.ordinal()] = handler;
    }

    /** An instruction that ends its block: control flow, or anything after which interrupts, modes or code may differ. */
    public void putEnding(Mnemonic mnemonic, Handler handler) {
        put(mnemonic, handler);
        ending.set(mnemonic.ordinal());
    }

    /** The form of MOV, PUSH or POP that has a segment register as an operand; loads of a segment register end their block. */
    public void putSegmentForm(Mnemonic mnemonic, Handler handler) {
        segmentForms[mnemonic.ordinal()] = handler;
    }

    public Handler segmentForm(Mnemonic mnemonic) {
        return segmentForms[mnemonic.ordinal()];
    }

    /** The handler, or null if no family executes the instruction. */
    public Handler get(Mnemonic mnemonic) {
        return handlers[mnemonic.ordinal()];
    }

    public boolean endsBlock(Mnemonic mnemonic) {
        return ending.get(mnemonic.ordinal());
    }
}
