package proteus.x86.asm;

import java.util.List;
import java.util.Map;

/**
 * What the assembler made.
 *
 * @param bytes the code, to be placed at the origin
 * @param origin address of the first byte
 * @param symbols labels and constants by name; a local label {@code .l} of {@code main} is {@code main.l}
 * @param listing one line of text for each line of the source: address, bytes, source
 */
public record Assembly(byte[] bytes, long origin, Map<String, Long> symbols, List<String> listing) {
    public Assembly {
        symbols = Map.copyOf(symbols);
        listing = List.copyOf(listing);
    }

    /**
     * The value of a symbol.
     *
     * @throws IllegalArgumentException if the source does not define it
     */
    public long symbol(String name) {
        Long value = symbols.get(name);
        if (value == null) {
            throw new IllegalArgumentException("the source defines no symbol " + name);
        }
        return value;
    }
}
