package proteus.loader.debian;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import proteus.api.vm.GuestCatalogue;
import proteus.api.vm.GuestLoadException;
import proteus.api.vm.VmSpec;

/** What runs without an operating system, from Debian's packages, fetched on first use: a BIOS and a memory test. */
@Component(service = GuestCatalogue.class)
public final class DebianFirmware implements GuestCatalogue {
    private static final String ARCHITECTURE = "amd64";
    private static final long MEBI = 1 << 20;
    private static final String VIDEO_BIOS = "vgaroms/vgabios-isavga.bin";

    private static final List<Recipe> RECIPES = List.of(
            new Recipe("seabios", "SeaBIOS with its video BIOS: starts from --disk", "seabios", "usr/share/seabios/bios-256k.bin",
                    "usr/share/seabios/vgabios-isavga.bin", 16, 64 * MEBI, "", VmSpec.Entry.FIRMWARE),
            new Recipe("memtest64", "memtest86+, 64 bit, on the screen and on the serial line", "memtest86+", "boot/memtest86+x64.bin", "", 64, 16 * MEBI,
                    "console=ttyS0,115200", VmSpec.Entry.BEST),
            new Recipe("memtest32", "memtest86+, 32 bit, on the screen and on the serial line", "memtest86+", "boot/memtest86+ia32.bin", "", 32, 16 * MEBI,
                    "console=ttyS0,115200", VmSpec.Entry.BEST));

    private final GuestCache cache;

    /** With the cache that the environment names. */
    @Activate
    public DebianFirmware() {
        this(GuestCache.ofEnvironment());
    }

    DebianFirmware(GuestCache cache) {
        this.cache = cache;
    }

    /**
     * What to take from which package.
     *
     * @param image path of the image in the package
     * @param video path of the video BIOS, empty for none
     */
    private record Recipe(
            String name, String title, String packageName, String image, String video, int bits, long memory, String commandLine, VmSpec.Entry entry) {}

    @Override
    public List<GuestInfo> guests() {
        return RECIPES.stream().map(this::info).toList();
    }

    private GuestInfo info(Recipe recipe) {
        return new GuestInfo(recipe.name, recipe.title, false, cache.present(recipe.name), recipe.bits, recipe.memory, "");
    }

    @Override
    public Optional<GuestImage> image(String name, Consumer<String> progress) {
        return RECIPES.stream().filter(recipe -> recipe.name.equals(name)).findFirst().map(recipe -> cache.locked(progress, () -> image(recipe, progress)));
    }

    private GuestImage image(Recipe recipe, Consumer<String> progress) {
        try {
            byte[] image = cache.read(recipe.name, GuestCache.KERNEL);
            byte[] video = cache.read(recipe.name, GuestCache.INITRD);
            if (image == null || video == null) {
                fetch(recipe, progress);
                image = cache.read(recipe.name, GuestCache.KERNEL);
                video = cache.read(recipe.name, GuestCache.INITRD);
            }
            Map<String, byte[]> files = recipe.video.isEmpty() ? Map.of() : Map.of(VIDEO_BIOS, video);
            return new GuestImage(info(recipe), image, new byte[0], recipe.commandLine, cache.file(recipe.name, GuestCache.KERNEL).toString(), "", recipe.entry, files);
        } catch (IOException e) {
            throw new GuestLoadException("The guest %s cannot be kept in the cache: %s.".formatted(recipe.name, e));
        }
    }

    private void fetch(Recipe recipe, Consumer<String> progress) throws IOException {
        Path work = cache.workDirectory();
        try {
            Path state = cache.packages(ARCHITECTURE);
            Files.createDirectories(state);
            Packages packages = new Packages(state, ARCHITECTURE, progress);
            packages.update();
            for (Packages.Candidate candidate : packages.candidates(recipe.packageName)) {
                Path file = packages.download(candidate, Files.createTempDirectory(work, "download-"));
                if (file != null) {
                    Path unpacked = Files.createTempDirectory(work, "unpacked-");
                    packages.extract(file, unpacked);
                    store(recipe, candidate, unpacked);
                    progress.accept("%s is in the cache: %s %s".formatted(recipe.name, candidate.name(), candidate.version()));
                    return;
                }
            }
        } finally {
            GuestCache.deleteTree(work);
        }
        throw new GuestLoadException(("The package %s could not be downloaded: see that /etc/apt has a source of Debian packages (deb http://.../debian bookworm main)"
                + " and that it can be reached, or give an image of your own with --bios FILE or --kernel FILE.").formatted(recipe.packageName));
    }

    private void store(Recipe recipe, Packages.Candidate candidate, Path unpacked) throws IOException {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put(GuestCache.KERNEL, file(unpacked, recipe.image, candidate));
        files.put(GuestCache.INITRD, recipe.video.isEmpty() ? new byte[0] : file(unpacked, recipe.video, candidate));
        Map<String, String> origin = new LinkedHashMap<>();
        origin.put("kernel.package", candidate.name());
        origin.put("kernel.version", candidate.version());
        origin.put("kernel.package-digest", candidate.sha256());
        cache.store(recipe.name, files, origin);
    }

    private static byte[] file(Path unpacked, String name, Packages.Candidate candidate) throws IOException {
        Path file = unpacked.resolve(name);
        if (!Files.isRegularFile(file)) {
            throw new GuestLoadException("The package %s %s has no file %s: its layout is not the expected one; give an image of your own with --bios FILE or --kernel FILE."
                    .formatted(candidate.name(), candidate.version(), name));
        }
        return Files.readAllBytes(file);
    }
}
