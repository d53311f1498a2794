package proteus.guests;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import proteus.api.vm.GuestAbi;

/**
 * A guest of the kit.
 *
 * @param name as users type it
 * @param title one line
 * @param abi what it is made for
 * @param resource class-path name of the image: of a PC, an ELF32 file with a Multiboot 1 header and a PVH note; of a paravirtual domain, an
 *     ELF file of its width with Xen's notes
 * @param bits width of the mode it switches to: 32 or 64
 * @param defaultMemory bytes of RAM that suffice with room to spare
 * @param defaultCommandLine its options, empty for the defaults
 * @param expectedConsole the last line of its console when all went well; it then writes 0 to the debug-exit port, or powers its domain off
 */
public record EmbeddedGuest(
        String name,
        String title,
        GuestAbi abi,
        String resource,
        int bits,
        long defaultMemory,
        String defaultCommandLine,
        String expectedConsole) {

    /**
     * {@code nano} and {@code bench} write the number of a benchmark, from 1 in the order they print them, to this port
     * before its measured loop, and the number with {@link #MARKER_END} behind it. Nothing need answer there. It lies
     * outside 0xf4 to 0xf7, which QEMU's debug-exit device claims.
     */
    public static final int MARKER_PORT = 0xf8;

    /** Bit of a marker that says the loop has ended. */
    public static final int MARKER_END = 0x80;

    private static final long MIB = 1 << 20;

    private static final List<EmbeddedGuest> ALL = List.of(
            guest("hello32", 32, 32, "says in which 32-bit mode it runs, and ends"),
            guest("hello64", 64, 32, "says in which 64-bit mode it runs, and ends"),
            guest("rings", 32, 32, "walks through ring 0, 1 and 3 and shows what each instruction answers there"),
            guest("nano", 64, 32, "the seven nanobenchmarks of Adams and Agesen [iterations=N warmup=N only=NAME]"),
            guest("storm", 64, 32, "touches pages that are filled on demand, then pages that are copied on write [pages=N]"),
            guest("virtio", 64, 64, "drives each virtio device over MMIO: console, disk, entropy, balloon [balloon=1 serves the host's wishes]"),
            guest("bench32", 32, 64, "computing, memory and system loops with checksums, 32 bit [scale=N only=NAME]"),
            guest("bench64", 64, 64, "computing, memory and system loops with checksums, 64 bit; also called bench [scale=N only=NAME]"),
            guest("pv32", 32, 32, GuestAbi.XEN_PV, "the same with 32 bits, PAE tables and hypercalls by INT 0x82 [pages=N batch=B by=NAME]"),
            guest("pv64", 64, 32, GuestAbi.XEN_PV, "a paravirtual kernel: asks one by one and in batches, runs a program, takes events [pages=N batch=B by=NAME]"));

    private static EmbeddedGuest guest(String name, int bits, int memoryMib, String title) {
        return guest(name, bits, memoryMib, GuestAbi.PC, title);
    }

    private static EmbeddedGuest guest(String name, int bits, int memoryMib, GuestAbi abi, String title) {
        return new EmbeddedGuest(
                name, title, abi, "/proteus/guests/" + name + ".elf", bits, memoryMib * MIB, "", name + ": done");
    }

    /** All guests, simplest first. */
    public static List<EmbeddedGuest> all() {
        return ALL;
    }

    /** The guest of this name; {@code bench} is {@code bench64}. */
    public static Optional<EmbeddedGuest> named(String name) {
        String canonical = name.equals("bench") ? "bench64" : name;
        return ALL.stream().filter(guest -> guest.name.equals(canonical)).findFirst();
    }

    /** The bytes of its image. */
    public byte[] image() {
        try (InputStream in = Objects.requireNonNull(EmbeddedGuest.class.getResourceAsStream(resource), resource)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("the bundle's own resource " + resource + " cannot be read", e);
        }
    }
}
