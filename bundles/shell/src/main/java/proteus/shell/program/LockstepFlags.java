package proteus.shell.program;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import proteus.api.compose.Composition;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.MemorySize;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmException;
import proteus.api.vm.VmSpec;
import proteus.shell.guests.Guests;
import proteus.shell.lockstep.Play;

/** Flags that {@code storm} and {@code diff} share: the guest, and how it is run. */
final class LockstepFlags {
    private LockstepFlags() {}

    static Flags declare(Flags flags) {
        return flags
                .option("--guest", "NAME", "a guest by name; see ./proteus guest list")
                .option("--append", "WORDS", "appended to its command line")
                .option("--memory", "SIZE", "RAM, such as 256M (default: what the guest likes)")
                .repeatable("--send", "TEXT", "typed, with Enter, once a shell prompt or READY appears; may be given again")
                .option("--until", "TEXT", "ends the run when the guest prints this")
                .option("--instructions", "N", "ends the run after so many instructions")
                .option("--json", "FILE", "writes the result as JSON");
    }

    static GuestImage image(Flags flags, Guests guests) {
        if (!flags.words().isEmpty()) {
            throw new UsageException("'" + flags.words().getFirst() + "' is no flag; --help lists them");
        }
        return guests.image(flags.value("--guest").orElseThrow(() -> new UsageException("give --guest NAME")), Program::say);
    }

    static VmSpec spec(Flags flags, GuestImage image, String name, Composition composition, String model, ExecutionEngine engine) {
        String commandLine = Stream.concat(Stream.of(image.commandLine()), flags.value("--append").stream())
                .filter(words -> !words.isBlank())
                .collect(Collectors.joining(" "));
        return new VmSpec(
                name,
                composition,
                flags.value("--memory").map(LockstepFlags::size).orElse(image.info().memoryBytes()),
                1,
                VmSpec.Clock.COUNT,
                model,
                true,
                new VmSpec.BootSpec(image.info().name(), image.kernel(), image.initrd(), commandLine, image.entry(), image.files()),
                List.of(),
                engine);
    }

    static Play play(Flags flags, VirtualMachineManager manager, GuestImage image) {
        return new Play(
                manager, Guests.prompts(image), flags.values("--send").stream().map(Escapes::resolve).toList(), flags.value("--until").map(Escapes::resolve));
    }

    /** A count above 0. */
    static long count(Flags flags, String name, long otherwise) {
        String text = flags.value(name).orElse(Long.toString(otherwise));
        try {
            long count = Long.parseLong(text.replace("_", ""));
            if (count > 0) {
                return count;
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw new UsageException("%s %s will not do: give a number above 0".formatted(name, text));
    }

    static ExecutionEngine engine(String word) {
        try {
            return ExecutionEngine.valueOf(word.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new UsageException("--engine " + word + " will not do: give native, interpreter or auto");
        }
    }

    private static long size(String text) {
        try {
            return MemorySize.parse(text);
        } catch (VmException e) {
            throw new UsageException(e.getMessage());
        }
    }
}
