package proteus.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.inject.Inject;
import org.junit.jupiter.api.Test;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;
import proteus.api.compose.Composition;
import proteus.api.io.DiskImage;
import proteus.api.io.TextScreen;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.GuestLoadException;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmEnd;
import proteus.api.vm.VmSpec;
import proteus.api.vm.VmStatistics;
import proteus.exam.PaxExamTest;
import proteus.x86.asm.Assembler;

/** Firmware and a memory test out of Debian's packages: from the reset vector to a boot sector, and memtest86+ on the screen. */
@PaxExamTest
@ExamReactorStrategy(PerClass.class)
public class FirmwareIT {
    private static final Duration SOON = Duration.ofMinutes(2);
    private static final String PORT_EXITS = "exit.io-instruction";
    /** How the boot disk marks the reading of its sectors. */
    private static final int POLLING = 1, INTERRUPT = 2, MARK_END = 0x80;
    /** Memtest86+ moves itself above 4 MiB, so there must be something. */
    private static final long MEMTEST_MEMORY = 5L << 20;
    /** Prints through int 10h, waits for a key through int 16h, shows it, and ends with 0 at the debug-exit port. */
    private static final String BOOT_SECTOR = """
            start:
                xor ax, ax
                mov ds, ax
                mov si, ask
                call print
                mov ah, 0
                int 0x16
                mov ah, 0x0e
                mov bx, 7
                int 0x10
                mov si, bye
                call print
                mov al, 0
                out 0xf4, al
                hlt
            print:
                mov al, [si]
                test al, al
                jz printed
                mov ah, 0x0e
                mov bx, 7
                int 0x10
                inc si
                jmp print
            printed:
                ret
            ask:
                db "real mode, press a key: ", 0
            bye:
                db ", bye", 0
                times 510-($-$$) db 0
                dw 0xaa55
            """;

    /** Reads a block of the disc that it was started from through int 13h, says it at port 0xe9, and ends with 0 at the debug-exit port. */
    private static final String BOOT_DISC = """
                xor ax, ax
                mov ds, ax
                mov si, packet
                mov ah, 0x42
                int 0x13
                mov al, 1
                jc end
                mov si, 0x9000
            print:
                mov al, [si]
                test al, al
                jz end
                out 0xe9, al
                inc si
                jmp print
            end:
                out 0xf4, al
                hlt
            packet:
                db 16, 0, 1, 0
                dw 0x9000, 0
                dd %d, 0
            """;

    /** 0000:0500 and ffff:0510, which is the same with address line 20 held low: data, code, a string across the end, registers. */
    private static final String LINE_20 = """
                xor ax, ax
                mov ds, ax
                mov ss, ax
                mov sp, 0x7000
                dec ax
                mov es, ax
                mov bl, 1
                mov word [0x500], 0x1111
                mov word [es:0x510], 0x2222
                cmp word [0x500], 0x1111
                jne end
                mov byte [0x600], 0x90          ; nop, retf: code that is not above 1 MiB yet
                mov byte [0x601], 0xcb
                mov byte [es:0x610], 0xb3       ; mov bl, 9; retf
                mov byte [es:0x611], 9
                mov byte [es:0x612], 0xcb
                mov bl, 2
                call 0xffff:0x610
                cmp bl, 9
                jne end
                in al, 0x92
                and al, 0xfd
                out 0x92, al
                mov bl, 3
                cmp word [es:0x510], 0x2222     ; the keyboard controller still holds it open
                jne end
                mov al, 0xd1
                out 0x64, al
                mov al, 0xdd
                out 0x60, al
                mov bl, 4
                cmp word [es:0x510], 0x1111
                jne end
                mov word [es:0x510], 0x3333
                cmp word [0x500], 0x3333
                jne end
                mov bl, 5
                call 0xffff:0x610               ; the other code now
                cmp bl, 5
                jne end
                cld
                mov di, 0x0c                    ; ffff:000c is 0x0ffffc: four bytes of ROM, then 0000:0000
                mov cx, 4
                mov ax, 0x5a5a
                mov word [0x2], 0
                rep stosw
                mov bl, 6
                cmp word [0x2], 0x5a5a
                jne end
                mov al, 2
                out 0x92, al
                mov bl, 7
                cmp word [es:0x510], 0x2222
                jne end
                call 0xffff:0x610
                cmp bl, 9
                mov bl, 8
                jne end
                mov bl, 0
            end:
                mov al, bl
                out 0xf4, al
                hlt
            """;

    @Inject
    private BundleContext context;

    @Configuration
    public Option[] image() {
        return new Option[] {Image.options()};
    }

    @Test
    void seaBiosStartsABootSectorThatUsesTheDisk() throws Exception {
        GuestImage bios = fetched("seabios");
        Path disk = disk();
        byte[] before = Files.readAllBytes(disk);
        try (Closing vm = new Closing(create("bootdisk", bios, Map.of(), disk))) {
            new Guests(context).runToEnd(vm.machine, SOON);
            VmEnd end = vm.machine.awaitEnd(Duration.ZERO).orElseThrow();
            assertEquals(VmEnd.Kind.DEBUG_EXIT, end.kind());
            assertEquals(0, end.status());
            String screen = vm.machine.screen().map(TextScreen.Snapshot::text).orElseThrow();
            assertTrue(screen.contains("Booting from Hard Disk") && screen.contains("bootdisk: done"), screen);
            assertTrue(vm.machine.console().text().contains("bootdisk: done"), vm.machine.console().text());
            assertEquals(9, portExits(vm.machine, POLLING), "5 registers and a command, the status, a string of words, the status");
            assertEquals(11, portExits(vm.machine, INTERRUPT), "5 registers and a command, the status, two EOIs, the status, a string of words");
        } finally {
            assertTrue(Arrays.equals(before, Files.readAllBytes(disk)), "the guest writes what was there");
            Files.delete(disk);
        }
    }

    @Test
    void seaBiosStartsADiscThatReadsItself() throws Exception {
        GuestImage bios = fetched("seabios");
        byte[] boot = Arrays.copyOf(Assembler.assemble(BOOT_DISC.formatted(IsoImage.BOOT + 1), 16, 0x7c00).bytes(), IsoImage.BLOCK);
        Path disc = Files.write(Files.createTempFile("boot", ".iso"), IsoImage.of("HELLO.TXT", "the disc has read itself\0".getBytes(), boot));
        VmSpec.BootSpec start = new VmSpec.BootSpec(bios.info().name(), bios.kernel(), bios.initrd(), "", bios.entry(), bios.files());
        // The machine's own technique has no such drive: the emulated one is put beside it.
        VmSpec spec = new VmSpec("disc", new Composition("model", "hwassist", "ept", "virtio"), 32L << 20, 1, VmSpec.Clock.COUNT, "max", true, start,
                List.of(DiskImage.parse(DiskImage.Medium.CDROM, disc.toString())));
        try (Closing vm = new Closing(new Guests(context).service(VirtualMachineManager.class).create(spec))) {
            new Guests(context).runToEnd(vm.machine, SOON);
            VmEnd end = vm.machine.awaitEnd(Duration.ZERO).orElseThrow();
            String log = vm.machine.firmwareLog();
            assertEquals(VmEnd.Kind.DEBUG_EXIT, end.kind(), log);
            assertEquals(0, end.status(), log);
            assertTrue(log.contains("DVD/CD [ata1-0: Proteus CD-ROM"), log);
            assertTrue(vm.machine.console().text().contains("the disc has read itself"), vm.machine.console().text());
        } finally {
            Files.delete(disc);
        }
    }

    @Test
    void withoutUnrestrictedGuestRealModeIsEmulatedAndDoesTheSame() throws Exception {
        GuestImage bios = fetched("seabios");
        Path disk = disk();
        try (Closing vm = new Closing(create(new Composition("model", "hwassist", "shadow", "emul"), "bootdisk", bios, Map.of(), disk))) {
            new Guests(context).runToEnd(vm.machine, SOON);
            assertTrue(vm.machine.console().text().contains("bootdisk: done"), vm.machine.console().text());
            assertTrue(vm.machine.statistics().counters().get("emulated-instructions") > 100_000, () -> vm.machine.statistics().counters().toString());
        } finally {
            Files.delete(disk);
        }
    }

    @Test
    void theBootMenuOpensAtAKeyAndStartsTheChosenBootSector() throws Exception {
        GuestImage bios = fetched("seabios");
        Path first = disk();
        Path second = Files.write(Files.createTempFile("second", ".img"), Arrays.copyOf(Assembler.assemble(BOOT_SECTOR, 16, 0x7c00).bytes(), 1 << 20));
        try (Closing vm = new Closing(create("menu", bios, Map.of("etc/show-boot-menu", new byte[] {1, 0}), first, second))) {
            vm.machine.pressKeys("Press ESC for boot menu", "<esc>");
            vm.machine.pressKeys("2. ata0-1", "2");
            vm.machine.pressKeys("press a key", "Q");
            new Guests(context).runToEnd(vm.machine, SOON);
            assertEquals(VmEnd.Kind.DEBUG_EXIT, vm.machine.awaitEnd(Duration.ZERO).orElseThrow().kind());
            List<String> screen = vm.machine.screen().orElseThrow().lines();
            int menu = screen.indexOf("Select boot device:");
            assertTrue(menu >= 0 && screen.get(menu + 2).startsWith("1. ata0-0: ") && screen.get(menu + 3).startsWith("2. ata0-1: "), screen.toString());
            int booting = screen.indexOf("Booting from Hard Disk...");
            assertEquals("real mode, press a key: Q, bye", screen.get(booting + 1), screen.toString());
        } finally {
            Files.delete(first);
            Files.delete(second);
        }
    }

    /** No SeaBIOS: a ROM of the test's own, which ends with 0, or with the number of the step that went wrong. */
    @Test
    void addressesGoAroundAtOneMebibyteWhileTheGateOfLine20IsClosed() throws Exception {
        byte[] rom = new byte[64 << 10];
        byte[] program = Assembler.assemble(LINE_20, 16, 0).bytes();
        System.arraycopy(program, 0, rom, 0, program.length);
        byte[] reset = Assembler.assemble("jmp 0xf000:0", 16, 0xfff0).bytes();
        System.arraycopy(reset, 0, rom, 0xfff0, reset.length);
        VmSpec.BootSpec boot = new VmSpec.BootSpec("line20", rom, new byte[0], "", VmSpec.Entry.FIRMWARE, Map.of());
        VmSpec spec = new VmSpec("line20", Composition.DEFAULT, 4L << 20, 1, VmSpec.Clock.COUNT, "max", true, boot, List.of());
        try (Closing vm = new Closing(new Guests(context).service(VirtualMachineManager.class).create(spec))) {
            new Guests(context).runToEnd(vm.machine, SOON);
            VmEnd end = vm.machine.awaitEnd(Duration.ZERO).orElseThrow();
            assertEquals(VmEnd.Kind.DEBUG_EXIT, end.kind());
            assertEquals(0, end.status());
        }
    }

    @Test
    void twoStartsOfAMachineAreTheSame() throws Exception {
        GuestImage bios = fetched("seabios");
        Path disk = disk();
        long[] retired = new long[2];
        try {
            for (int i = 0; i < retired.length; i++) {
                try (Closing vm = new Closing(create("same" + i, bios, Map.of(), disk))) {
                    new Guests(context).runToEnd(vm.machine, SOON);
                    retired[i] = vm.machine.statistics().retired();
                }
            }
        } finally {
            Files.delete(disk);
        }
        assertEquals(retired[0], retired[1]);
    }

    @Test
    void memtestOf64BitsRunsAPassOfItsFirstTestsWithoutErrors() throws Exception {
        firstTestsPass("memtest64", "6.10.unknown.x64");
    }

    @Test
    void memtestOf32BitsRunsAPassOfItsFirstTestsWithoutErrors() throws Exception {
        firstTestsPass("memtest32", "6.10.unknown.x32");
    }

    /** Tests 0 to 3 are chosen in the menus, leaving which starts them; Escape after the first pass resets the machine. */
    private void firstTestsPass(String guest, String version) throws Exception {
        GuestImage memtest = fetched(guest);
        VmSpec.BootSpec boot = new VmSpec.BootSpec(guest, memtest.kernel(), memtest.initrd(), memtest.commandLine());
        VmSpec spec = new VmSpec(guest, Composition.DEFAULT, MEMTEST_MEMORY, 1, VmSpec.Clock.COUNT, "max", true, boot, List.of());
        try (Closing vm = new Closing(new Guests(context).service(VirtualMachineManager.class).create(spec))) {
            vm.machine.pressKeys("<Enter> to start", "<f1>");
            vm.machine.pressKeys("<F1>  Test selection", "<f1>");
            vm.machine.pressKeys("<F1>  Clear selection", "<f1>");
            vm.machine.pressKeys("...........", "<f4>");
            vm.machine.pressKeys("Enter first test #", "0<enter>");
            vm.machine.pressKeys("Enter last test #", "3<enter>");
            vm.machine.pressKeys("****.......", "<f10><f10>");
            vm.machine.pressKeys("Pass:  1 ", "<esc>");
            new Guests(context).runToEnd(vm.machine, SOON);
            assertEquals(VmEnd.Kind.RESET, vm.machine.awaitEnd(Duration.ZERO).orElseThrow().kind());
            String screen = vm.machine.screen().map(TextScreen.Snapshot::text).orElseThrow();
            assertTrue(screen.contains("Memtest86+ v6.10") && screen.contains(version), screen);
            assertTrue(screen.contains("Status: Pass ") && screen.contains("Pass:  1        Errors: 0\n"), screen);
        }
    }

    /** Port accesses between a mark and its end. */
    private long portExits(VirtualMachine vm, int mark) {
        List<VmStatistics.Mark> marks = vm.statistics().marks();
        long[] exits = new long[2];
        for (int i = 0; i < exits.length; i++) {
            int value = i == 0 ? mark : mark | MARK_END;
            exits[i] = marks.stream().filter(one -> one.value() == value).findFirst().orElseThrow().counters().get(PORT_EXITS);
        }
        // The mark at the end is an exit itself.
        return exits[1] - exits[0] - 1;
    }

    private GuestImage fetched(String name) {
        try {
            return new Guests(context).image(name);
        } catch (GuestLoadException e) {
            abort(name + " cannot be had here: " + e.getMessage());
            throw e;
        }
    }

    private Path disk() throws Exception {
        return Files.write(Files.createTempFile("bootdisk", ".img"), new Guests(context).image("bootdisk").kernel());
    }

    private VirtualMachine create(String name, GuestImage bios, Map<String, byte[]> files, Path... disks) {
        return create(Composition.DEFAULT, name, bios, files, disks);
    }

    private VirtualMachine create(Composition composition, String name, GuestImage bios, Map<String, byte[]> files, Path... disks) {
        Map<String, byte[]> all = new HashMap<>(bios.files());
        all.putAll(files);
        VmSpec.BootSpec boot = new VmSpec.BootSpec(bios.info().name(), bios.kernel(), bios.initrd(), "", bios.entry(), all);
        return new Guests(context).service(VirtualMachineManager.class)
                .create(new VmSpec(name, composition, 32L << 20, 1, VmSpec.Clock.COUNT, "max", true, boot, Stream.of(disks).map(DiskImage::of).toList()));
    }

    /** Closes the machine, so that its disks are free. */
    private record Closing(VirtualMachine machine) implements AutoCloseable {
        @Override
        public void close() {
            machine.close();
        }
    }
}
