package proteus.api.compose;

import java.util.List;

/**
 * What the composer says of a wish.
 *
 * @param composition the wish
 * @param possible whether it can be built now
 * @param historicalName the product that history knows by it, or {@code what-if}
 * @param findings sentences: what fits, what does not, why, and what would help
 */
public record CompositionReport(Composition composition, boolean possible, String historicalName, List<String> findings) {
    public CompositionReport {
        findings = List.copyOf(findings);
    }
}
