package proteus.shell.program;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToIntFunction;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import proteus.api.io.BlockBackends;
import proteus.api.io.DiskImage;
import proteus.api.io.DiskImage.Access;
import proteus.api.io.DiskImage.Format;
import proteus.api.io.DiskImage.Medium;
import proteus.api.vm.MemorySize;
import proteus.api.vm.VmException;
import proteus.shell.process.StandardStreams;

/** {@code ./proteus image}: makes, describes and examines disk images. */
@Component(service = ToIntFunction.class, property = "proteus.command=image")
public final class ImageProgram implements ToIntFunction<String[]>, Program {
    private final BlockBackends images;

    @Activate
    public ImageProgram(@Reference BlockBackends images) {
        this.images = images;
    }

    @Override
    public int applyAsInt(String[] arguments) {
        return Program.execute(this, arguments);
    }

    @Override
    public String name() {
        return "image";
    }

    @Override
    public String synopsis() {
        return """
                ./proteus image create [--format raw|qcow2] [--backing FILE] FILE [SIZE]
                                               makes an empty disk image; with --backing it begins as a copy of that one
                ./proteus image info FILE      format, size, and what is behind it
                ./proteus image check FILE     follows the tables of a qcow2 image and compares them with its reference counts
                Exit status: 0; 1 when it cannot be done or the image is damaged; 64 for a wrong command line. Leaks are space that nothing
                refers to, as a crash may leave it; they are reported and harmless.
                """;
    }

    @Override
    public Flags flags() {
        return new Flags()
                .option("--format", "raw|qcow2", "of the image to make (default qcow2)")
                .option("--backing", "FILE", "what is read where nothing was written; its name is relative to the new image");
    }

    @Override
    public int run(Flags flags) {
        List<String> words = flags.words();
        String verb = words.isEmpty() ? "" : words.getFirst();
        try {
            return switch (verb + " " + words.size()) {
                case "create 2", "create 3" -> create(flags, Path.of(words.get(1)), words.size() == 3 ? size(words.get(2)) : 0);
                case "info 2" -> info(image(words.get(1)));
                case "check 2" -> check(image(words.get(1)));
                default -> throw new UsageException("say create FILE SIZE, info FILE or check FILE");
            };
        } catch (IOException e) {
            throw new VmException(e.getMessage(), e);
        }
    }

    private static DiskImage image(String file) {
        return new DiskImage(Path.of(file), Medium.DISK, Format.PROBE, Access.READ_ONLY, "");
    }

    private static long size(String text) {
        try {
            return MemorySize.parse(text);
        } catch (VmException e) {
            throw new UsageException(e.getMessage());
        }
    }

    private int create(Flags flags, Path file, long bytes) throws IOException {
        Format format = Format.valueOf(flags.choice("--format", "qcow2", "raw", "qcow2").toUpperCase(Locale.ROOT));
        Optional<DiskImage> backing = flags.value("--backing").map(ImageProgram::image);
        if (bytes == 0 && backing.isEmpty()) {
            throw new UsageException("say how large the disk shall be, such as 1G");
        }
        images.create(file, format, bytes, backing);
        return Status.SUCCESS;
    }

    private int info(DiskImage image) throws IOException {
        BlockBackends.Info info = images.info(image);
        PrintStream out = StandardStreams.out();
        out.println("format   " + info.format().name().toLowerCase(Locale.ROOT));
        out.println("disk     %,d bytes".formatted(info.bytes()));
        out.println("file     %,d bytes".formatted(info.fileBytes()));
        info.backing().ifPresent(name -> out.println("backing  " + name));
        info.details().forEach(out::println);
        out.flush();
        return Status.SUCCESS;
    }

    private int check(DiskImage image) throws IOException {
        BlockBackends.Report report = images.check(image);
        PrintStream out = StandardStreams.out();
        report.errors().forEach(sentence -> out.println("damaged: " + sentence));
        if (report.errorCount() > report.errors().size()) {
            out.println("and %d more".formatted(report.errorCount() - report.errors().size()));
        }
        out.println("%d errors, %d leaked clusters, %,d bytes have a place in the file".formatted(report.errorCount(), report.leaks(), report.allocated()));
        out.flush();
        return report.errorCount() == 0 ? Status.SUCCESS : Status.FAILURE;
    }
}
