package proteus.api.io;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/**
 * A disk or disc that a user wishes for: {@code FILE[,io=NAME][,format=raw|qcow2][,readonly=on][,snapshot=on]}. A comma in the file's
 * name is written twice.
 *
 * @param file of the image
 * @param medium what the guest finds it in
 * @param format of the file; {@link Format#PROBE} looks at its first bytes
 * @param access what writes do
 * @param technique the I/O technique that has the device, empty for the machine's own
 */
public record DiskImage(Path file, Medium medium, Format format, Access access, String technique) {
    private static final Map<String, String> OPTIONS =
            Map.of("io", "emul or virtio", "format", "raw or qcow2", "readonly", "on or off", "snapshot", "on or off");
    /** What stands for a doubled comma while the text is split: no file name has it. */
    private static final char COMMA = '\0';

    public DiskImage {
        Objects.requireNonNull(file);
        Objects.requireNonNull(medium);
        Objects.requireNonNull(format);
        Objects.requireNonNull(access);
        Objects.requireNonNull(technique);
        if (medium == Medium.CDROM && access != Access.READ_ONLY) {
            throw new IllegalArgumentException("%s is in a CD-ROM drive, which only reads.".formatted(file));
        }
    }

    /** What a drive holds. */
    public enum Medium {
        DISK,
        CDROM
    }

    /** How a file holds a disk. */
    public enum Format {
        PROBE,
        RAW,
        QCOW2
    }

    /** What a write of the guest does. */
    public enum Access {
        /** Goes to the file, if that can be written; a file that cannot makes the disk read-only. */
        WRITE,
        /** Is refused. */
        READ_ONLY,
        /** Goes to a file that nobody else sees and that is gone when the machine is. */
        SNAPSHOT
    }

    /** A disk with nothing said about it. */
    public static DiskImage of(Path file) {
        return new DiskImage(file, Medium.DISK, Format.PROBE, Access.WRITE, "");
    }

    /**
     * From a user's words.
     *
     * @throws IllegalArgumentException in one sentence
     */
    public static DiskImage parse(Medium medium, String text) {
        List<DiskImage> images = parseAll(medium, text);
        if (images.size() != 1) {
            throw new IllegalArgumentException(images.isEmpty()
                    ? "A disk image needs the name of its file."
                    : "'%s' is no option of a disk image: give some of io, format, readonly and snapshot.".formatted(images.get(1).file()));
        }
        return images.getFirst();
    }

    /** Several images with commas between them; options belong to the file before them. */
    public static List<DiskImage> parseAll(Medium medium, String text) {
        List<DiskImage> images = new ArrayList<>();
        for (String part : text.replace(",,", String.valueOf(COMMA)).split(",")) {
            int equals = part.indexOf('=');
            String key = equals < 0 ? "" : part.substring(0, equals);
            if (!images.isEmpty() && OPTIONS.containsKey(key)) {
                images.add(images.removeLast().with(key, part.substring(equals + 1)));
            } else if (!part.isEmpty()) {
                Access access = medium == Medium.CDROM ? Access.READ_ONLY : Access.WRITE;
                images.add(new DiskImage(Path.of(part.replace(COMMA, ',')), medium, Format.PROBE, access, ""));
            }
        }
        return List.copyOf(images);
    }

    private DiskImage with(String key, String value) {
        return switch (key + "=" + value) {
            case "format=raw", "format=qcow2" -> new DiskImage(file, medium, Format.valueOf(value.toUpperCase(Locale.ROOT)), access, technique);
            case "readonly=on" -> new DiskImage(file, medium, format, Access.READ_ONLY, technique);
            case "snapshot=on" -> new DiskImage(file, medium, format, Access.SNAPSHOT, technique);
            case "readonly=off", "snapshot=off" -> this;
            default -> {
                if (!key.equals("io") || value.isEmpty()) {
                    throw new IllegalArgumentException("%s=%s will not do for a disk image: give %s.".formatted(key, value, OPTIONS.get(key)));
                }
                yield new DiskImage(file, medium, format, access, value);
            }
        };
    }

    /** As {@link #parse} reads it. */
    @Override
    public String toString() {
        return file.toString().replace(",", ",,")
                + (technique.isEmpty() ? "" : ",io=" + technique)
                + (format == Format.PROBE ? "" : ",format=" + format.name().toLowerCase(Locale.ROOT))
                + (access == Access.READ_ONLY && medium == Medium.DISK ? ",readonly=on" : "")
                + (access == Access.SNAPSHOT ? ",snapshot=on" : "");
    }
}
