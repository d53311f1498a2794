package proteus.shell.bench;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import proteus.shell.guests.Guests;

/** Bochs, which takes no kernel: the same images from a disk, through a BIOS and {@link DiskImage}. */
final class Bochs implements Contender {
    private static final String PROGRAM = "bochs";
    private static final Duration SOON = Duration.ofSeconds(60);
    /** Where Debian's packages bochsbios and seabios, vgabios put theirs. */
    private static final List<Path> BIOSES = List.of(Path.of("/usr/share/bochs/BIOS-bochs-latest"), Path.of("/usr/share/seabios/bios.bin"));

    private static final List<Path> VIDEO_BIOSES = List.of(
            Path.of("/usr/share/bochs/VGABIOS-lgpl-latest"), Path.of("/usr/share/vgabios/vgabios.bin"), Path.of("/usr/share/seabios/vgabios-isavga.bin"));

    private final Guests guests;
    private final WorkDirectory work;
    private final Map<Integer, Long> startNanos = new HashMap<>();
    private List<String> command = List.of();

    Bochs(Guests guests, WorkDirectory work) {
        this.guests = guests;
        this.work = work;
    }

    @Override
    public String name() {
        return "bochs";
    }

    @Override
    public Optional<String> absence() throws InterruptedException {
        if (PeerProcess.find(PROGRAM).isEmpty()) {
            return Optional.of("bochs is not installed");
        }
        Optional<Path> bios = BIOSES.stream().filter(path -> path.toFile().isFile()).findFirst();
        Optional<Path> video = VIDEO_BIOSES.stream().filter(path -> path.toFile().isFile()).findFirst();
        if (bios.isEmpty() || video.isEmpty()) {
            return Optional.of("there is no BIOS for bochs (package bochsbios or seabios, and vgabios)");
        }
        configure(bios.get(), video.get());
        for (int bits : new int[] {32, 64}) {
            List<Long> starts = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                Child child = start("hello" + bits, "");
                if (!console().contains("hello" + bits + ": done")) {
                    return Optional.of("bochs runs no guest without a display (package bochs-term): "
                            + child.output().lines().filter(line -> line.contains("PANIC") || line.contains("rror")).findFirst().orElse("no message"));
                }
                starts.add(child.used().nanos());
            }
            startNanos.put(bits, Statistics.median(starts));
        }
        return Optional.empty();
    }

    private void configure(Path bios, Path video) throws InterruptedException {
        work.write("bochsrc", """
                config_interface: textconfig
                display_library: term
                romimage: file=%s
                vgaromimage: file=%s
                megs: 64
                ata0-master: type=disk, path=disk.img, mode=flat, cylinders=%d, heads=%d, spt=%d
                boot: disk
                com1: enabled=1, mode=file, dev=console
                log: bochs.log
                """.formatted(bios, video, DiskImage.CYLINDERS, DiskImage.HEADS, DiskImage.SECTORS).getBytes(StandardCharsets.UTF_8));
        // A Bochs with its debugger built in, as Debian's, waits to be told to go.
        work.write("go", "c\n".getBytes(StandardCharsets.US_ASCII));
        boolean debugger = Child.run(List.of(PROGRAM, "--help"), work.path(), SOON).output().contains("-rc ");
        command = Stream.concat(
                        Stream.of(PROGRAM, "-q", "-f", "bochsrc"), debugger ? Stream.of("-rc", "go") : Stream.empty())
                .toList();
    }

    private void prepare(String guest, String options) {
        work.write("disk.img", DiskImage.of(guests.image(guest, sentence -> {}).kernel(), options));
        work.write("console", new byte[0]);
    }

    private Child start(String guest, String options) throws InterruptedException {
        prepare(guest, options);
        return Child.run(command, work.path(), SOON);
    }

    private String console() {
        return WorkDirectory.read(work.path().resolve("console"));
    }

    @Override
    public boolean suits(Loop loop) {
        return loop.kind() != Loop.Kind.LINUX;
    }

    @Override
    public Sample run(Loop loop, int scale) throws InterruptedException {
        prepare("bench" + loop.bits(), "only=%s scale=%d".formatted(loop.name(), scale));
        return PeerProcess.measure(name(), loop, command, work.path(), startNanos.get(loop.bits()), Optional.of(work.path().resolve("console")));
    }
}
