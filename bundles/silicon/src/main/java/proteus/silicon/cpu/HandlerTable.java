package proteus.silicon.cpu;

import java.util.BitSet;
import proteus.x86.decode.Mnemonic;

/** Which handler executes which instruction. Filled once by the families' {@code register} methods, then only read. */
public final class HandlerTable {
    private final Handler[] handlers = new Handler[Mnemonic.values().length];
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

    /** The handler, or null if no family executes the instruction. */
    public Handler get(Mnemonic mnemonic) {
        return handlers[mnemonic.ordinal()];
    }

    public boolean endsBlock(Mnemonic mnemonic) {
        return ending.get(mnemonic.ordinal());
    }
}
