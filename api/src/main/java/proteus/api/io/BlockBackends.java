package proteus.api.io;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/** Opens, makes and examines disk images; a service. */
@ProviderType
public interface BlockBackends {
    /**
     * Opens an image.
     *
     * @throws IOException with one clear sentence: no such file, a size that is no whole number of sectors, damaged, in use by another VM
     */
    BlockBackend open(DiskImage image) throws IOException;

    /**
     * Makes an image that reads as zeros, or as the image behind it.
     *
     * @param bytes size of the disk, a multiple of 512; 0 for that of the image behind it
     * @param backing what is read where nothing was written; qcow2 only
     * @throws IOException with one clear sentence; a file that is there is never replaced
     */
    void create(Path file, DiskImage.Format format, long bytes, Optional<DiskImage> backing) throws IOException;

    /** What an image is, without those behind it. */
    Info info(DiskImage image) throws IOException;

    /** Reads an image's own tables and compares them with each other; a raw image has none and nothing to be wrong. */
    Report check(DiskImage image) throws IOException;

    /**
     * An image as its file describes it.
     *
     * @param format never {@link DiskImage.Format#PROBE}
     * @param bytes size of the disk
     * @param fileBytes length of the file
     * @param backing the file behind it as the image names it
     * @param details sentences about what else there is
     */
    record Info(DiskImage.Format format, long bytes, long fileBytes, Optional<String> backing, List<String> details) {
        public Info {
            details = List.copyOf(details);
        }
    }

    /**
     * What an examination found.
     *
     * @param errors sentences about what is wrong: data may be lost; at most a few dozen of them
     * @param errorCount how many there are in all
     * @param leaks parts of the file that nothing refers to: space is lost, no data
     * @param allocated bytes of the disk that have a place of their own in the file
     */
    record Report(List<String> errors, long errorCount, long leaks, long allocated) {
        public Report {
            errors = List.copyOf(errors);
        }
    }
}
