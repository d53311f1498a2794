package proteus.silicon.exec;

/**
 * What tests do to the native engine, by the system property {@code proteus.translate.stress}: words with commas between them.
 *
 * @param single {@code single}: blocks of one instruction, so that each is translated alone and behind every one the way out is taken
 * @param evict {@code evict=N}: all code is forgotten after so many translations; 0 never
 * @param overwrite {@code overwrite=N}: at every N-th exit the page that runs counts as overwritten; 0 never
 */
record Stress(boolean single, int evict, int overwrite) {
    static Stress configured() {
        boolean single = false;
        int evict = 0;
        int overwrite = 0;
        for (String word : System.getProperty("proteus.translate.stress", "").split(",")) {
            single |= word.equals("single");
            evict = value(word, "evict=", evict);
            overwrite = value(word, "overwrite=", overwrite);
        }
        return new Stress(single, evict, overwrite);
    }

    private static int value(String word, String name, int otherwise) {
        return word.startsWith(name) ? Integer.parseInt(word.substring(name.length())) : otherwise;
    }
}
