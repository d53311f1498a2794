package proteus.api.vm;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.osgi.annotation.versioning.ConsumerType;

/** Guests that are known by name: embedded ones, and ones fetched from the system's package manager. A service; there may be several. */
@ConsumerType
public interface GuestCatalogue {
    List<GuestInfo> guests();

    /**
     * The image of a guest, fetched first if need be.
     *
     * @param progress told in sentences what takes time
     * @return empty when this catalogue does not know the name
     * @throws GuestLoadException when it cannot be had
     */
    Optional<GuestImage> image(String name, Consumer<String> progress);

    /**
     * @param name as users type it
     * @param title one line
     * @param embedded false: must be fetched
     * @param available whether it is here now
     * @param bits 32 or 64
     * @param memoryBytes sensible RAM
     * @param prompt text on the console after which it takes input, or empty
     * @param abis what it can be started on
     */
    record GuestInfo(String name, String title, boolean embedded, boolean available, int bits, long memoryBytes, String prompt, Set<GuestAbi> abis) {
        public GuestInfo {
            abis = Set.copyOf(abis);
        }

        /** A guest of a PC. */
        public GuestInfo(String name, String title, boolean embedded, boolean available, int bits, long memoryBytes, String prompt) {
            this(name, title, embedded, available, bits, memoryBytes, prompt, Set.of(GuestAbi.PC));
        }
    }

    /**
     * @param info the guest
     * @param kernel bytes of the kernel or image
     * @param initrd bytes, empty if none
     * @param commandLine default command line
     * @param kernelPath where it lies in the file system, or empty for an embedded one
     * @param initrdPath likewise
     * @param entry how to start it
     * @param files what firmware finds by name through fw_cfg
     */
    record GuestImage(
            GuestInfo info,
            byte[] kernel,
            byte[] initrd,
            String commandLine,
            String kernelPath,
            String initrdPath,
            VmSpec.Entry entry,
            Map<String, byte[]> files) {
        public GuestImage {
            files = Map.copyOf(files);
        }

        /** A kernel, started by the entry that suits it best. */
        public GuestImage(GuestInfo info, byte[] kernel, byte[] initrd, String commandLine, String kernelPath, String initrdPath) {
            this(info, kernel, initrd, commandLine, kernelPath, initrdPath, VmSpec.Entry.BEST, Map.of());
        }
    }
}
