package proteus.shell.program;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.ToIntFunction;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import proteus.api.vm.CacheDirectory;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.VmException;
import proteus.shell.guests.GuestTable;
import proteus.shell.guests.Guests;
import proteus.shell.process.StandardStreams;
import proteus.shell.text.Output;

/** {@code ./proteus guest}: lists guests, fetches them, says where they are. */
@Component(service = ToIntFunction.class, property = "proteus.command=guest")
public final class GuestProgram implements ToIntFunction<String[]>, Program {
    private final Guests guests;

    @Activate
    public GuestProgram(@Reference Guests guests) {
        this.guests = guests;
    }

    @Override
    public int applyAsInt(String[] arguments) {
        return Program.execute(this, arguments);
    }

    @Override
    public String name() {
        return "guest";
    }

    @Override
    public String synopsis() {
        return """
                ./proteus guest list           the guests there are
                ./proteus guest fetch NAME     gets a guest from the system's package manager into the cache
                ./proteus guest path NAME      prints kernel=FILE and, if it has one, initrd=FILE of a guest
                """;
    }

    @Override
    public Flags flags() {
        return new Flags().option(Output.LONG_FLAG, "FORMAT", "text or json, for list").option(Output.FLAG, "FORMAT", "the same");
    }

    @Override
    public int run(Flags flags) {
        List<String> words = flags.words();
        String verb = words.isEmpty() ? "" : words.getFirst();
        int wanted = verb.equals("list") ? 1 : 2;
        if (!List.of("list", "fetch", "path").contains(verb) || words.size() != wanted) {
            throw new UsageException("say list, fetch NAME or path NAME");
        }
        switch (verb) {
            case "list" -> {
                Output output = Output.of(flags.value(Output.FLAG).or(() -> flags.value(Output.LONG_FLAG)).orElse(Output.DEFAULT));
                StandardStreams.out().println(output.show(GuestTable.of(guests.list()), "no guests"));
            }
            case "fetch" -> {
                GuestImage image = guests.image(words.get(1), Program::say);
                Program.say(image.info().name() + " is here" + (image.info().embedded() ? " (embedded)" : ""));
            }
            default -> {
                GuestImage image = guests.image(words.get(1), Program::say);
                StandardStreams.out().println("kernel=" + (image.kernelPath().isEmpty() ? layOut(image) : image.kernelPath()));
                if (!image.initrdPath().isEmpty()) {
                    StandardStreams.out().println("initrd=" + image.initrdPath());
                }
            }
        }
        StandardStreams.out().flush();
        return Status.SUCCESS;
    }

    /** Writes an embedded image to the cache, so that other programs can start it too. */
    private static Path layOut(GuestImage image) {
        Path file = CacheDirectory.ofEnvironment().resolve("embedded").resolve(image.info().name() + (isElf(image) ? ".elf" : ".img"));
        try {
            Files.createDirectories(file.getParent());
            Files.write(file, image.kernel());
            return file;
        } catch (IOException e) {
            throw new VmException("the image cannot be written to %s: %s; set PROTEUS_CACHE to a directory that can be written".formatted(file, e.getMessage()), e);
        }
    }

    private static boolean isElf(GuestImage image) {
        return image.kernel().length > 4 && image.kernel()[0] == 0x7f && image.kernel()[1] == 'E';
    }
}
