package proteus.api.vm;

import java.nio.file.Path;
import java.util.Map;

/** Where Proteus keeps what can be had again: fetched guests, embedded images laid out as files. */
public final class CacheDirectory {
    private CacheDirectory() {}

    /** {@code $PROTEUS_CACHE}, else {@code $XDG_CACHE_HOME/proteus}, else {@code ~/.cache/proteus}. */
    public static Path ofEnvironment() {
        Map<String, String> environment = System.getenv();
        String own = environment.getOrDefault("PROTEUS_CACHE", "");
        if (!own.isBlank()) {
            return Path.of(own);
        }
        String caches = environment.getOrDefault("XDG_CACHE_HOME", "");
        return (caches.isBlank() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(caches)).resolve("proteus");
    }
}
