package proteus.backend;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.osgi.service.component.annotations.Component;
import proteus.api.io.BlockBackend;
import proteus.api.io.BlockBackends;
import proteus.api.io.DiskImage;
import proteus.api.io.DiskImage.Access;
import proteus.api.io.DiskImage.Format;
import proteus.api.io.DiskImage.Medium;
import proteus.backend.file.ImageFile;
import proteus.backend.file.Ranges;
import proteus.backend.qcow2.Checker;
import proteus.backend.qcow2.Header;
import proteus.backend.qcow2.Qcow2Image;

/** Opens images with those behind them. */
@Component
public final class Images implements BlockBackends {
    /** Images behind each other; more are a circle, or nobody's wish. */
    private static final int CHAIN_MOST = 32;

    private static final int CLUSTER_BITS = 16;

    @Override
    public BlockBackend open(DiskImage image) throws IOException {
        return switch (image.access()) {
            case WRITE -> open(image.file(), image.format(), Files.isWritable(image.file()), 0);
            case READ_ONLY -> open(image.file(), image.format(), false, 0);
            case SNAPSHOT -> overlay(open(image.file(), image.format(), false, 0), image.file());
        };
    }

    private static BlockBackend open(Path path, Format wished, boolean write, int depth) throws IOException {
        if (depth == CHAIN_MOST) {
            throw new IOException("More than %d images are behind each other up to %s: some name themselves.".formatted(CHAIN_MOST, path));
        }
        ImageFile file = ImageFile.open(path, write);
        try {
            return open(file, path, wished, depth);
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static BlockBackend open(ImageFile file, Path path, Format wished, int depth) throws IOException {
        Format format = wished == Format.PROBE ? Formats.probe(file) : wished;
        if (format == Format.RAW) {
            return new RawImage(file, path.toString(), wished == Format.PROBE);
        }
        Header header = Header.read(file, path.toString());
        Optional<BlockBackend> backing = Optional.empty();
        if (header.backing().isPresent()) {
            backing = Optional.of(open(behind(path, header.backing().get()), format(header.backingFormat(), path), false, depth + 1));
        }
        try {
            return new Qcow2Image(file, path.toString(), backing);
        } catch (IOException | RuntimeException e) {
            if (backing.isPresent()) {
                backing.get().close();
            }
            throw e;
        }
    }

    /** The name of a backing file is relative to the image that names it. */
    private static Path behind(Path image, String name) throws IOException {
        if (name.matches("[a-z]+:.*")) {
            throw new IOException("The disk image %s is backed by %s, which is no file.".formatted(image, name));
        }
        return image.resolveSibling(name);
    }

    private static Format format(Optional<String> named, Path image) throws IOException {
        return switch (named.orElse("")) {
            case "" -> Format.PROBE;
            case "raw" -> Format.RAW;
            case "qcow2" -> Format.QCOW2;
            default -> throw new IOException("The disk image %s is backed by one of the format %s, which is not supported.".formatted(image, named.get()));
        };
    }

    /** What is written goes to a file that goes with the machine. */
    private static BlockBackend overlay(BlockBackend below, Path path) throws IOException {
        try {
            ImageFile file = ImageFile.temporary();
            try {
                Qcow2Image.format(file, below.size(), CLUSTER_BITS, Optional.empty(), Optional.empty());
                return new Qcow2Image(file, path.toString(), Optional.of(below));
            } catch (IOException | RuntimeException e) {
                file.close();
                throw e;
            }
        } catch (IOException | RuntimeException e) {
            below.close();
            throw e;
        }
    }

    @Override
    public void create(Path path, Format format, long bytes, Optional<DiskImage> backing) throws IOException {
        long size = bytes;
        Optional<String> backingFormat = Optional.empty();
        if (backing.isPresent()) {
            if (format != Format.QCOW2) {
                throw new IOException("A %s image has no backing file: make a qcow2 image.".formatted(format.name().toLowerCase(Locale.ROOT)));
            }
            Path behind = path.resolveSibling(backing.get().file());
            backingFormat = Optional.of(info(new DiskImage(behind, Medium.DISK, backing.get().format(), Access.READ_ONLY, "")).format().name().toLowerCase(Locale.ROOT));
            try (BlockBackend below = open(behind, backing.get().format(), false, 1)) {
                size = size == 0 ? below.size() : size;
            }
        }
        if (size <= 0 || size % Ranges.SECTOR != 0) {
            throw new IOException("A disk of %d bytes will not do: give a whole number of sectors of %d bytes.".formatted(size, Ranges.SECTOR));
        }
        try (ImageFile file = ImageFile.create(path)) {
            if (format == Format.RAW) {
                file.write(size - 1, new byte[1], 0, 1);
                file.force();
            } else {
                Qcow2Image.format(file, size, CLUSTER_BITS, backing.map(image -> image.file().toString()), backingFormat);
            }
        }
    }

    @Override
    public Info info(DiskImage image) throws IOException {
        try (ImageFile file = ImageFile.open(image.file(), false)) {
            String name = image.file().toString();
            Format format = image.format() == Format.PROBE ? Formats.probe(file) : image.format();
            if (format == Format.RAW) {
                return new Info(format, file.size(), file.size(), Optional.empty(), List.of());
            }
            Header header = Header.read(file, name);
            return new Info(format, header.bytes(), file.size(), header.backing(), header.details());
        }
    }

    @Override
    public Report check(DiskImage image) throws IOException {
        try (ImageFile file = ImageFile.open(image.file(), false)) {
            Format format = image.format() == Format.PROBE ? Formats.probe(file) : image.format();
            if (format == Format.QCOW2) {
                return Checker.check(file, image.file().toString());
            }
            return new Report(List.of(), 0, 0, new RawImage(file, image.file().toString(), false).size());
        }
    }
}
