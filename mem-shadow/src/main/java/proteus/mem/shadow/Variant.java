package proteus.mem.shadow;

import java.util.Arrays;
import java.util.stream.Collectors;

/** What happens when the guest writes one of its page tables. */
enum Variant {
    /** The write is emulated and what was derived from the entry is dropped: the next access to the page faults again. */
    NAIVE,
    /** The write is emulated and the shadow entry is made anew at once. */
    UPDATE_ON_WRITE,
    /** A leaf table becomes writable at its first write, and its shadow is compared with it when the guest flushes its TLB. */
    OUT_OF_SYNC;

    String label() {
        return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }

    /** @throws IllegalArgumentException in one sentence for a name that is none */
    static Variant of(String label) {
        return Arrays.stream(values())
                .filter(variant -> variant.label().equals(label))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no variant '%s' of shadow page tables; give one of %s"
                        .formatted(label, Arrays.stream(values()).map(Variant::label).collect(Collectors.joining(", ")))));
    }
}
