package proteus.shell.guests;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import proteus.api.vm.GuestAbi;
import proteus.api.vm.GuestCatalogue;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.GuestCatalogue.GuestInfo;
import proteus.api.vm.VmException;
import proteus.api.vm.VmSpec;

/** All catalogues of guests together, and guests given as files. */
@Component(service = Guests.class)
public final class Guests {
    /** What makes a Linux kernel talk on the serial line and end instead of hang. */
    public static final String LINUX_COMMAND_LINE = "console=ttyS0 panic=-1 reboot=t";

    private static final long FILE_GUEST_MEMORY = 256L << 20;
    /** Short names for guests that come in several widths. */
    private static final Map<String, String> ALIASES = Map.of("hello", "hello64", "bench", "bench64");
    /** What prompts look like when nobody knows the guest's own. */
    private static final List<String> USUAL_PROMPTS = List.of("READY", "\n# ", "/ # ", "~ # ", ":~# ", ":/# ", "\n$ ", "/ $ ", "~ $ ");

    private static final long FIRMWARE_MEMORY = 64L << 20;
    /** SeaBIOS' video BIOS for a VGA on the ISA bus, and where it looks for it. */
    private static final String VIDEO_BIOS = "vgabios-isavga.bin";

    private static final String VIDEO_BIOS_NAME = "vgaroms/" + VIDEO_BIOS;

    private final List<GuestCatalogue> catalogues = new CopyOnWriteArrayList<>();

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addCatalogue(GuestCatalogue catalogue) {
        catalogues.add(catalogue);
    }

    void removeCatalogue(GuestCatalogue catalogue) {
        catalogues.remove(catalogue);
    }

    /** Embedded ones first. */
    public List<GuestInfo> list() {
        return catalogues.stream()
                .flatMap(catalogue -> catalogue.guests().stream())
                .sorted((a, b) -> a.embedded() != b.embedded() ? a.embedded() ? -1 : 1 : a.name().compareTo(b.name()))
                .toList();
    }

    /**
     * A guest by name, fetched if need be.
     *
     * @throws VmException when no catalogue knows it
     */
    public GuestImage image(String name, Consumer<String> progress) {
        String real = ALIASES.getOrDefault(name, name);
        return catalogues.stream()
                .map(catalogue -> catalogue.image(real, progress))
                .flatMap(Optional::stream)
                .findFirst()
                .orElseThrow(() -> new VmException("there is no guest '%s'; there are: %s"
                        .formatted(name, list().stream().map(GuestInfo::name).collect(Collectors.joining(", ")))));
    }

    /** A guest given as files; {@code initrd} may be empty. */
    public GuestImage files(String kernel, String initrd) {
        byte[] image = read("kernel", kernel);
        byte[] ramDisk = initrd.isEmpty() ? new byte[0] : read("initrd", initrd);
        GuestInfo info = new GuestInfo(kernel, "a file", false, true, 0, FILE_GUEST_MEMORY, "", EnumSet.allOf(GuestAbi.class));
        return new GuestImage(info, image, ramDisk, LINUX_COMMAND_LINE, kernel, initrd);
    }

    /** A machine that starts from a ROM image; the video BIOS that lies beside it goes along. */
    public GuestImage firmware(String file) {
        GuestInfo info = new GuestInfo(file, "firmware", false, true, 16, FIRMWARE_MEMORY, "");
        Path video = Path.of(file).resolveSibling(VIDEO_BIOS);
        Map<String, byte[]> files = Files.isReadable(video) ? Map.of(VIDEO_BIOS_NAME, read("video BIOS", video.toString())) : Map.of();
        return new GuestImage(info, read("BIOS", file), new byte[0], "", file, "", VmSpec.Entry.FIRMWARE, files);
    }

    private static byte[] read(String what, String file) {
        try {
            return Files.readAllBytes(Path.of(file));
        } catch (NoSuchFileException e) {
            throw new VmException("the " + what + " " + file + " does not exist");
        } catch (IOException e) {
            throw new VmException("the " + what + " " + file + " cannot be read (" + e.getClass().getSimpleName() + ")");
        }
    }

    /** Texts after which a guest takes input. */
    public static List<String> prompts(GuestImage image) {
        return image.info().prompt().isEmpty() ? USUAL_PROMPTS : List.of(image.info().prompt());
    }
}
