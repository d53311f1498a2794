package proteus.loader.debian;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import proteus.api.vm.GuestAbi;
import proteus.api.vm.GuestCatalogue;
import proteus.api.vm.GuestLoadException;
import proteus.loader.initramfs.DriverModules;
import proteus.loader.initramfs.TestInitramfs;

/** Stock Debian kernels, each with the test system, fetched on first use. */
@Component(service = GuestCatalogue.class)
public final class DebianGuests implements GuestCatalogue {
    /** In the manifest: which drivers were looked for. */
    private static final String DRIVERS = "modules.drivers";
    private static final String CARD_DRIVERS = "cards.drivers";
    private static final long MEMORY = 256L << 20;
    /** Serial console; an oops or a reboot ends the run at once instead of hanging: reset by triple fault needs no device. */
    private static final String COMMAND_LINE = "console=ttyS0 panic=-1 reboot=t";
    private static final byte[] NONE = new byte[0];
    private static final String BUSYBOX_PACKAGE = "busybox-static";

    /** What the workloads use. */
    private static final List<String> PROGRAMS =
            List.of("bc", "bzip2", "coreutils", "gawk", "gzip", "mawk", "openssl", "perl-base", "python3-minimal", "sqlite3", "xz-utils", "zstd");
    /** Nothing but the workloads' own output on the console. */
    private static final String WORKLOADS = " loglevel=1 proteus.run=" + TestInitramfs.WORKLOADS + " proteus.end=poweroff";

    private static final List<Recipe> RECIPES = List.of(
            new Recipe("debian-cloud-amd64", "Debian's 64-bit kernel for clouds, busybox", "linux-image-cloud-amd64", "amd64", 64, Set.of(GuestAbi.PC, GuestAbi.XEN_PV),
                    List.of(), ""),
            new Recipe("debian-amd64", "Debian's 64-bit kernel, busybox", "linux-image-amd64", "amd64", 64, Set.of(GuestAbi.PC, GuestAbi.XEN_PV), List.of(), ""),
            new Recipe("debian-686", "Debian's 32-bit kernel without PAE, busybox", "linux-image-686", "i386", 32),
            new Recipe("debian-userland-amd64", "Debian's programs at work on the kernel for clouds, then power off", "linux-image-cloud-amd64", "amd64", 64,
                    Set.of(GuestAbi.PC), PROGRAMS, WORKLOADS),
            new Recipe("debian-userland-i386", "Debian's 32-bit programs at work, then power off", "linux-image-686", "i386", 32, Set.of(GuestAbi.PC), PROGRAMS, WORKLOADS));

    private final GuestCache cache;

    /** With the cache that the environment names. */
    @Activate
    public DebianGuests() {
        this(GuestCache.ofEnvironment());
    }

    DebianGuests(GuestCache cache) {
        this.cache = cache;
    }

    /**
     * A guest.
     *
     * @param abis what its kernel can be started on
     * @param programs packages besides busybox, empty for none
     * @param words appended to the command line
     */
    private record Recipe(String name, String title, String metaPackage, String architecture, int bits, Set<GuestAbi> abis, List<String> programs, String words) {
        Recipe(String name, String title, String metaPackage, String architecture, int bits) {
            this(name, title, metaPackage, architecture, bits, Set.of(GuestAbi.PC), List.of(), "");
        }
    }

    /**
     * What was fetched.
     *
     * @param modules archive of the kernel's virtio drivers that are modules, empty for none; null when a version that kept none put the guest there
     * @param cards archive of drivers of network cards, likewise
     * @param programs archive of the programs, empty for none
     */
    private record Parts(byte[] kernel, byte[] busybox, byte[] modules, byte[] cards, byte[] programs) {
        byte[] initrd(Recipe recipe) {
            ByteArrayOutputStream archives = new ByteArrayOutputStream();
            archives.writeBytes(programs.length == 0 ? TestInitramfs.around(busybox, recipe.bits) : TestInitramfs.around(busybox, recipe.bits, programs));
            archives.writeBytes(modules == null ? NONE : modules);
            archives.writeBytes(cards == null ? NONE : cards);
            return archives.toByteArray();
        }
    }

    /** @param modules archive of the drivers that are modules of it
     *  @param cards archive of those of network cards */
    private record Kernel(byte[] image, byte[] modules, byte[] cards) {}

    @Override
    public List<GuestInfo> guests() {
        return RECIPES.stream().map(this::info).toList();
    }

    private GuestInfo info(Recipe recipe) {
        return new GuestInfo(recipe.name, recipe.title, false, cache.present(recipe.name), recipe.bits, MEMORY, TestInitramfs.PROMPT, recipe.abis);
    }

    @Override
    public Optional<GuestImage> image(String name, Consumer<String> progress) {
        return RECIPES.stream().filter(recipe -> recipe.name.equals(name)).findFirst().map(recipe -> cache.locked(progress, () -> image(recipe, progress)));
    }

    private GuestImage image(Recipe recipe, Consumer<String> progress) {
        try {
            Parts parts = parts(recipe, progress);
            // The initial RAM disk is ours: it follows this version of the code even when the packages were fetched by another.
            byte[] initrd = parts.initrd(recipe);
            if (!Arrays.equals(initrd, cache.read(recipe.name, GuestCache.INITRD))) {
                store(recipe, parts, initrd, cache.origin(recipe.name));
            }
            return new GuestImage(info(recipe), parts.kernel, initrd, COMMAND_LINE + recipe.words, cache.file(recipe.name, GuestCache.KERNEL).toString(),
                    cache.file(recipe.name, GuestCache.INITRD).toString());
        } catch (IOException e) {
            throw new GuestLoadException("The guest %s cannot be kept in the cache: %s.".formatted(recipe.name, e));
        }
    }

    /** From the cache, or fetched. */
    private Parts parts(Recipe recipe, Consumer<String> progress) throws IOException {
        byte[] kernel = cache.read(recipe.name, GuestCache.KERNEL);
        byte[] busybox = cache.read(recipe.name, GuestCache.BUSYBOX);
        byte[] modules = cache.read(recipe.name, GuestCache.MODULES);
        // A guest that runs its workloads and ends has nobody to speak to.
        byte[] cards = recipe.programs.isEmpty() ? cache.read(recipe.name, GuestCache.CARDS) : NONE;
        byte[] programs = recipe.programs.isEmpty() ? NONE : cache.read(recipe.name, GuestCache.PROGRAMS);
        boolean usable = kernel != null && busybox != null && programs != null;
        boolean drivers = modules != null && cards != null
                && DriverModules.VIRTIO.content().equals(cache.origin(recipe.name).get(DRIVERS))
                && (!recipe.programs.isEmpty() || DriverModules.CARDS.content().equals(cache.origin(recipe.name).get(CARD_DRIVERS)));
        if (usable && drivers) {
            return new Parts(kernel, busybox, modules, cards, programs);
        }
        try {
            return fetch(recipe, progress);
        } catch (GuestLoadException e) {
            if (!usable) {
                throw e;
            }
            // Put there by a version that kept other modules, or none: it boots as it did then.
            progress.accept("%s stays without drivers for some devices: %s".formatted(recipe.name, e.getMessage()));
            return new Parts(kernel, busybox, modules, cards, programs);
        }
    }

    private Parts fetch(Recipe recipe, Consumer<String> progress) throws IOException {
        Path work = cache.workDirectory();
        try {
            Path state = cache.packages(recipe.architecture);
            Files.createDirectories(state);
            Packages packages = new Packages(state, recipe.architecture, progress);
            packages.update();
            Map<String, String> origin = new LinkedHashMap<>();
            Kernel kernel = kernel(recipe, packages, work, origin);
            origin.put(DRIVERS, DriverModules.VIRTIO.content());
            origin.put(CARD_DRIVERS, DriverModules.CARDS.content());
            byte[] busybox = busybox(recipe, packages, work, origin);
            byte[] programs = recipe.programs.isEmpty() ? NONE : Programs.fetch(packages, recipe.programs, work, origin);
            Parts parts = new Parts(kernel.image, busybox, kernel.modules, recipe.programs.isEmpty() ? kernel.cards : NONE, programs);
            store(recipe, parts, parts.initrd(recipe), origin);
            progress.accept("%s is in the cache: %s, %d MiB".formatted(recipe.name, origin.get("kernel.package"), kernel.image.length >> 20));
            return parts;
        } finally {
            GuestCache.deleteTree(work);
        }
    }

    private void store(Recipe recipe, Parts parts, byte[] initrd, Map<String, String> origin) throws IOException {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put(GuestCache.KERNEL, parts.kernel);
        files.put(GuestCache.BUSYBOX, parts.busybox);
        if (parts.modules != null) {
            files.put(GuestCache.MODULES, parts.modules);
        }
        if (parts.cards != null) {
            files.put(GuestCache.CARDS, parts.cards);
        }
        if (parts.programs.length > 0) {
            files.put(GuestCache.PROGRAMS, parts.programs);
        }
        files.put(GuestCache.INITRD, initrd);
        cache.store(recipe.name, files, origin);
    }

    /** The kernel image: the meta package leads to the real ones, newest first; each may also be had under its unsigned name (the same image without the signature). */
    private Kernel kernel(Recipe recipe, Packages packages, Path work, Map<String, String> origin) throws IOException {
        List<Packages.Candidate> tries = new ArrayList<>();
        for (Packages.Candidate meta : packages.candidates(recipe.metaPackage)) {
            for (String real : meta.depends()) {
                for (String name : List.of(real, real + "-unsigned")) {
                    packages.candidates(name).stream().filter(candidate -> !tries.contains(candidate)).forEach(tries::add);
                }
            }
        }
        if (tries.isEmpty()) {
            throw new GuestLoadException(("The package manager knows no package %s for %s: see that /etc/apt has a source of Debian packages (deb http://.../debian"
                    + " bookworm main) and that it can be reached, or start a kernel of your own with --kernel FILE.").formatted(recipe.metaPackage, recipe.architecture));
        }
        for (Packages.Candidate candidate : tries) {
            Path unpacked = unpack(packages, candidate, work);
            if (unpacked != null) {
                origin(origin, GuestCache.KERNEL, candidate);
                return new Kernel(Files.readAllBytes(only(unpacked.resolve("boot"), "vmlinuz-", candidate)), DriverModules.VIRTIO.of(unpacked), DriverModules.CARDS.of(unpacked));
            }
        }
        throw new GuestLoadException("None of the packages of %s could be downloaded (%s): see whether the network is there, and try again."
                .formatted(recipe.metaPackage, tries.getFirst().name()));
    }

    private byte[] busybox(Recipe recipe, Packages packages, Path work, Map<String, String> origin) throws IOException {
        for (Packages.Candidate candidate : packages.candidates(BUSYBOX_PACKAGE)) {
            Path unpacked = unpack(packages, candidate, work);
            if (unpacked != null) {
                origin(origin, GuestCache.BUSYBOX, candidate);
                Path directory = unpacked.resolve("bin");
                return Files.readAllBytes(only(Files.isDirectory(directory) ? directory : unpacked.resolve("usr/bin"), "busybox", candidate));
            }
        }
        throw new GuestLoadException("The package %s for %s could not be downloaded: see whether the network is there, and try again.".formatted(BUSYBOX_PACKAGE, recipe.architecture));
    }

    private static void origin(Map<String, String> origin, String part, Packages.Candidate candidate) {
        origin.put(part + ".package", candidate.name());
        origin.put(part + ".version", candidate.version());
        origin.put(part + ".package-digest", candidate.sha256());
    }

    /** Unpacked into a directory of its own, or null when this one cannot be downloaded. */
    private static Path unpack(Packages packages, Packages.Candidate candidate, Path work) throws IOException {
        Path downloads = Files.createTempDirectory(work, "download-");
        Path file = packages.download(candidate, downloads);
        if (file == null) {
            return null;
        }
        Path unpacked = Files.createTempDirectory(work, "unpacked-");
        packages.extract(file, unpacked);
        return unpacked;
    }

    private static Path only(Path directory, String prefix, Packages.Candidate candidate) throws IOException {
        if (Files.isDirectory(directory)) {
            try (Stream<Path> files = Files.list(directory)) {
                Optional<Path> found = files.filter(file -> file.getFileName().toString().startsWith(prefix) && Files.isRegularFile(file)).findFirst();
                if (found.isPresent()) {
                    return found.get();
                }
            }
        }
        throw new GuestLoadException("The package %s %s has no file %s*: its layout is not the expected one; start a kernel of your own with --kernel FILE --initrd FILE."
                .formatted(candidate.name(), candidate.version(), prefix));
    }
}
