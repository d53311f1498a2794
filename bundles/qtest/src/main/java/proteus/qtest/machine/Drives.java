package proteus.qtest.machine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import proteus.api.io.BlockBackend;
import proteus.api.io.BlockBackends;
import proteus.api.io.DiskImage;
import proteus.qtest.arguments.CommandLine;
import proteus.qtest.arguments.KeyValues;
import proteus.qtest.arguments.UnsupportedException;

/** The drives of a machine, by the names their devices know them by. */
final class Drives implements AutoCloseable {
    private static final String NULL_DISK = "null-co://";
    /** Size of a null-co disk that was given none (QEMU, block/null.c). */
    private static final long NULL_BYTES = 1L << 30;

    private static final Map<String, Integer> PLACES = Map.of("hda", 0, "hdb", 1, "hdc", 2, "hdd", 3, "cdrom", 2);

    /** Keys of {@code -drive} that say how the host caches or locks, or repeat what is the case anyway. */
    private static final Set<String> HARMLESS = Set.of("cache", "aio", "auto-read-only", "file.read-zeroes", "read-zeroes", "rerror", "werror", "discard", "file.locking");

    private final Optional<BlockBackends> images;
    /** What is in a drive; nothing is in an empty CD-ROM drive. */
    private final Map<String, Optional<BlockBackend>> byName = new LinkedHashMap<>();

    private final Set<String> discs = new HashSet<>();
    private final Map<Integer, String> ide = new LinkedHashMap<>();

    Drives(CommandLine line, Optional<BlockBackends> images) {
        this.images = images;
        try {
            for (CommandLine.Option option : line.all(Set.of("drive", "blockdev", "hda", "hdb", "hdc", "hdd", "cdrom"))) {
                switch (option.name()) {
                    case "drive" -> drive(option.value());
                    case "blockdev" -> add(option.value().require("node-name"), Optional.of(node(option.value())));
                    default -> {
                        boolean disc = option.name().equals("cdrom");
                        ide(PLACES.get(option.name()), disc, Optional.of(image(option.value().require("file"), option.value(), disc)), option.value());
                    }
                }
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private void drive(KeyValues value) {
        for (String key : value.values().keySet()) {
            if (!HARMLESS.contains(key) && !Set.of("file", "if", "id", "format", "index", "media", "readonly", "snapshot", "size", "driver", "file.filename", "file.driver", "bus", "unit").contains(key)) {
                throw new UnsupportedException("-drive has no key '%s' here (%s)".formatted(key, value.text()));
            }
        }
        boolean disc = value.get("media", "disk").equals("cdrom");
        if (!disc && !value.get("media", "disk").equals("disk")) {
            throw new UnsupportedException("-drive has no media=%s here".formatted(value.get("media", "")));
        }
        if (value.get("if", "").equals("pflash")) {
            return; // the machine's ROM
        }
        Optional<BlockBackend> content = value.find("file").or(() -> value.find("file.filename")).map(file -> image(file, value, disc));
        if (content.isEmpty() && !disc) {
            throw new UnsupportedException("-drive without file= is an empty drive, which only media=cdrom can be");
        }
        switch (value.get("if", "ide")) {
            case "none" -> add(value.require("id"), content);
            case "ide" -> ide(position(value), disc, content, value);
            default -> throw new UnsupportedException("-drive has no if=%s here: give ide or none".formatted(value.get("if", "")));
        }
    }

    /** Where on the two channels: by bus and unit, by index, else the first free place. */
    private int position(KeyValues value) {
        if (value.find("index").isPresent()) {
            return (int) Numbers.parse(value.require("index"));
        }
        if (value.find("unit").isPresent()) {
            return 2 * (int) Numbers.parse(value.get("bus", "0")) + (int) Numbers.parse(value.require("unit"));
        }
        int free = 0;
        while (ide.containsKey(free)) {
            free++;
        }
        return free;
    }

    private void ide(int position, boolean disc, Optional<BlockBackend> content, KeyValues value) {
        if (position > 3 || ide.containsKey(position)) {
            throw new UnsupportedException("IDE position %d is not free for a drive".formatted(position));
        }
        String name = value.get("id", "ide%d-%s%d".formatted(position / 2, disc ? "cd" : "hd", position % 2));
        add(name, content);
        if (disc) {
            discs.add(name);
        }
        ide.put(position, name);
    }

    private void add(String name, Optional<BlockBackend> content) {
        if (byName.putIfAbsent(name, content) != null) {
            throw new UnsupportedException("there is a drive named '%s' already".formatted(name));
        }
    }

    private BlockBackend node(KeyValues value) {
        return switch (value.require("driver")) {
            case "null-co" -> new NullDisk(size(value));
            case "file", "raw", "qcow2" -> image(value.find("filename").orElseGet(() -> value.require("file.filename")), value, false);
            default -> throw new UnsupportedException("there is no block driver '%s' here".formatted(value.require("driver")));
        };
    }

    private BlockBackend image(String file, KeyValues value, boolean disc) {
        if (file.equals(NULL_DISK)) {
            return new NullDisk(size(value));
        }
        if (file.contains(":") && file.indexOf(':') < (file + "/").indexOf('/')) {
            throw new UnsupportedException("there is no block driver '%s' here (%s)".formatted(file.substring(0, file.indexOf(':')), file));
        }
        BlockBackends opener = images.orElseThrow(() -> new UnsupportedException("no bundle opens disk images: leave " + file + " away"));
        try {
            DiskImage.Access access = disc || on(value, "readonly") || on(value, "read-only")
                    ? DiskImage.Access.READ_ONLY
                    : on(value, "snapshot") ? DiskImage.Access.SNAPSHOT : DiskImage.Access.WRITE;
            return opener.open(new DiskImage(Path.of(file), disc ? DiskImage.Medium.CDROM : DiskImage.Medium.DISK, format(value), access, ""));
        } catch (IOException e) {
            throw new UnsupportedException(e.getMessage());
        }
    }

    private static boolean on(KeyValues value, String key) {
        return value.get(key, "off").equals("on");
    }

    private static DiskImage.Format format(KeyValues value) {
        String format = value.get("format", value.get("driver", "probe"));
        return switch (format) {
            case "raw", "file" -> DiskImage.Format.RAW;
            case "qcow2" -> DiskImage.Format.QCOW2;
            case "probe" -> DiskImage.Format.PROBE;
            default -> throw new UnsupportedException("there is no image format '%s' here".formatted(format));
        };
    }

    private static long size(KeyValues value) {
        return value.find("size").map(Numbers::size).orElse(NULL_BYTES);
    }

    /** What is in the drive of a name; a device takes it for good. */
    Optional<BlockBackend> require(String name) {
        Optional<BlockBackend> content = byName.get(name);
        if (content == null) {
            throw new UnsupportedException("Property drive cannot find the drive '%s'".formatted(name));
        }
        return content;
    }

    /** Whether a drive that was given with a place is one for CD-ROMs. */
    boolean isDisc(String name) {
        return discs.contains(name);
    }

    /** Names of the drives that were given with a place on the IDE channels, by place. */
    Map<Integer, String> ide() {
        return Map.copyOf(ide);
    }

    List<String> names() {
        return List.copyOf(byName.keySet());
    }

    @Override
    public void close() {
        for (Optional<BlockBackend> content : byName.values()) {
            try {
                if (content.isPresent()) {
                    content.get().close();
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        byName.clear();
    }
}
