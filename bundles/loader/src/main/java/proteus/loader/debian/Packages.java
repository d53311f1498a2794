package proteus.loader.debian;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import proteus.api.vm.GuestLoadException;

/**
 * The system's package manager with a state of our own (lists, cache, installed packages), one per architecture: the system's sources
 * and keys are used, nothing of the system is changed, and neither root nor {@code dpkg --add-architecture} is needed. One state per
 * architecture also keeps a broken index of one from hiding the packages of the other: apt takes the indexes of a release all or none.
 */
final class Packages {
    private static final Duration UPDATE_LIMIT = Duration.ofMinutes(5), DOWNLOAD_LIMIT = Duration.ofMinutes(15), QUERY_LIMIT = Duration.ofMinutes(1);
    private static final Duration FRESH = Duration.ofHours(12);
    private static final List<String> TOOLS = List.of("apt-get", "apt-cache", "dpkg-deb");

    private final Path root;
    private final String architecture;
    private final Consumer<String> progress;
    private final Path configuration;

    /**
     * @param root directory of the private state
     * @param architecture as Debian names it
     * @param progress told what takes time
     */
    Packages(Path root, String architecture, Consumer<String> progress) {
        this.root = root.toAbsolutePath();
        this.architecture = architecture;
        this.progress = progress;
        this.configuration = this.root.resolve("apt.conf");
        requireTools();
    }

    /**
     * One version of a package.
     *
     * @param depends the packages it depends on, names only
     */
    record Candidate(String name, String version, String sha256, List<String> depends) {}

    private static void requireTools() {
        for (String tool : TOOLS) {
            if (!Subprocess.exists(tool)) {
                throw new GuestLoadException(("Fetching a guest needs '%s', which this system does not have: on a Debian or Ubuntu system install the packages apt"
                        + " and dpkg, elsewhere get a kernel and an initial RAM disk by hand and start them with --kernel FILE --initrd FILE.").formatted(tool));
            }
        }
    }

    /** Gets the package lists unless they are fresh. A part that fails is told, not fatal: what is needed may be in the other parts. */
    void update() {
        Path stamp = root.resolve("updated");
        try {
            if (Files.exists(stamp) && System.currentTimeMillis() - Files.getLastModifiedTime(stamp).toMillis() < FRESH.toMillis()) {
                return;
            }
            writeConfiguration();
            progress.accept("getting the package lists for " + architecture + " (a private copy, the system's own stay as they are)");
            Subprocess.Result result = apt(UPDATE_LIMIT, "apt-get", "-q", "update");
            if (result.ok()) {
                Files.writeString(stamp, "");
            } else {
                progress.accept("some package lists could not be had, going on with the others: " + firstFailure(result));
            }
        } catch (IOException e) {
            throw new GuestLoadException("The package lists cannot be kept in %s: %s".formatted(root, e.getMessage()));
        }
    }

    private static String firstFailure(Subprocess.Result result) {
        return result.errors().lines().filter(line -> line.startsWith("E:")).findFirst().map(line -> line.substring(2).strip()).orElse(result.reason());
    }

    /** All versions of a package that the sources offer, the preferred first. */
    List<Candidate> candidates(String name) {
        Subprocess.Result result = apt(QUERY_LIMIT, "apt-cache", "show", name);
        List<Candidate> found = new ArrayList<>();
        if (result.ok()) {
            for (String paragraph : result.output().split("\n\n")) {
                String version = field(paragraph, "Version"), own = field(paragraph, "Package");
                if (!version.isEmpty() && own.equals(name)) {
                    List<String> depends = Stream.of((field(paragraph, "Depends") + "," + field(paragraph, "Pre-Depends")).split("[,|]")).map(word -> word.strip().split("[ (:]")[0]).filter(word -> !word.isEmpty()).toList();
                    found.add(new Candidate(name, version, field(paragraph, "SHA256"), depends));
                }
            }
        }
        return found;
    }

    private static String field(String paragraph, String name) {
        return paragraph.lines().filter(line -> line.startsWith(name + ": ")).findFirst().map(line -> line.substring(name.length() + 2).strip()).orElse("");
    }

    /**
     * Downloads one version; apt checks it against the signed lists.
     *
     * @return the package file, or null when this version cannot be had (told to the progress)
     */
    Path download(Candidate candidate, Path directory) {
        progress.accept("downloading " + candidate.name() + " " + candidate.version() + " (" + architecture + ")");
        Subprocess.Result result = Subprocess.run(directory, DOWNLOAD_LIMIT,
                List.of("apt-get", "-c", configuration.toString(), "-q", "download", candidate.name() + "=" + candidate.version()));
        if (!result.ok()) {
            progress.accept(candidate.name() + " " + candidate.version() + " cannot be had: " + result.reason());
            return null;
        }
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.getFileName().toString().startsWith(candidate.name() + "_") && file.toString().endsWith(".deb")).findFirst()
                    .orElseThrow(() -> new GuestLoadException("apt-get download " + candidate.name() + " succeeded but left no file in " + directory + "."));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Unpacks a package file's content, without running anything of it. */
    void extract(Path file, Path directory) {
        Subprocess.Result result = Subprocess.run(directory, DOWNLOAD_LIMIT, List.of("dpkg-deb", "-x", file.toString(), directory.toString()));
        if (!result.ok()) {
            throw new GuestLoadException("The package %s cannot be unpacked: %s".formatted(file.getFileName(), result.reason()));
        }
    }

    private Subprocess.Result apt(Duration limit, String program, String... arguments) {
        List<String> command = new ArrayList<>(List.of(program, "-c", configuration.toString()));
        command.addAll(List.of(arguments));
        return Subprocess.run(root, limit, command);
    }

    private void writeConfiguration() throws IOException {
        Files.createDirectories(root.resolve("state/lists/partial"));
        Files.createDirectories(root.resolve("cache/archives/partial"));
        Files.createDirectories(root.resolve("log"));
        Files.writeString(root.resolve("status"), "");
        // Hooks of the system must not see our update; user root means: no other user, the cache is readable for its owner only.
        Files.writeString(configuration, """
                #clear APT::Update::Pre-Invoke;
                #clear APT::Update::Post-Invoke;
                #clear APT::Update::Post-Invoke-Success;
                #clear APT::Architectures;
                APT::Architecture "%2$s";
                APT::Architectures { "%2$s"; };
                APT::Sandbox::User "root";
                Dir::State "%1$s/state";
                Dir::State::status "%1$s/status";
                Dir::Cache "%1$s/cache";
                Dir::Log "%1$s/log";
                Acquire::Languages "none";
                Acquire::Retries "2";
                Acquire::http::Timeout "30";
                Acquire::https::Timeout "30";
                """.formatted(root, architecture));
    }
}
