package proteus.api.silicon;

/**
 * What an engine that translates did since the processor was made, for finding out where time goes: not part of what repeats. All
 * are 0 where nothing is translated.
 *
 * @param instructions how many of the retired instructions translated code executed
 * @param memory how often it was left in front of an instruction that it executes, but not this time: mostly a TLB miss
 * @param untranslated in front of an instruction that it never executes
 * @param branches at a branch whose target it did not know
 * @param slices because its time was up
 */
public record TranslationCounts(long instructions, long memory, long untranslated, long branches, long slices) {
    public static final TranslationCounts NONE = new TranslationCounts(0, 0, 0, 0, 0);

    /** What happened since an earlier moment. */
    public TranslationCounts since(TranslationCounts earlier) {
        return new TranslationCounts(
                instructions - earlier.instructions,
                memory - earlier.memory,
                untranslated - earlier.untranslated,
                branches - earlier.branches,
                slices - earlier.slices);
    }
}
