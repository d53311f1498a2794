package proteus.loader.initramfs;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;

/** The test system: a static busybox, the bench program and an {@code /init} that prints {@link #MARKER} and ends in a shell with {@link #PROMPT}. */
public final class TestInitramfs {
    /** Printed once the system is up. */
    public static final String MARKER = "READY";
    /** Of the shell on the console. */
    public static final String PROMPT = "proteus# ";
    /** Runs the programs of a distribution on made-up data and prints what they computed. */
    public static final String WORKLOADS = "/bin/userland";

    private TestInitramfs() {}

    /**
     * Builds it around a statically linked busybox; uncompressed, as unpacking costs the guest millions of instructions.
     *
     * @param bits width of the guest's programs, 32 or 64
     */
    public static byte[] around(byte[] busybox, int bits) {
        return system(busybox, bits).bytes();
    }

    /**
     * Builds it around programs of a distribution besides, with the workloads {@link #WORKLOADS} that use them.
     *
     * @param programs an archive of their own, unpacked by the kernel behind ours (buffer-format.rst: several archives in a row)
     */
    public static byte[] around(byte[] busybox, int bits, byte[] programs) {
        byte[] system = system(busybox, bits).file(WORKLOADS.substring(1), 0755, resource("userland")).bytes();
        byte[] both = Arrays.copyOf(system, system.length + programs.length);
        System.arraycopy(programs, 0, both, system.length, programs.length);
        return both;
    }

    private static CpioArchive system(byte[] busybox, int bits) {
        CpioArchive archive = new CpioArchive();
        for (String directory : new String[] {"bin", "sbin", "usr", "usr/bin", "usr/sbin", "dev", "proc", "sys", "tmp", "root", "etc"}) {
            archive.directory(directory, directory.equals("tmp") ? 01777 : 0755);
        }
        // The kernel opens /dev/console for init before devtmpfs is mounted (init/main.c, console_on_rootfs).
        archive.characterDevice("dev/console", 0600, 5, 1);
        archive.characterDevice("dev/null", 0666, 1, 3);
        archive.file("bin/busybox", 0755, busybox);
        archive.link("bin/sh", "busybox");
        // What a system does for programs, measured from within (guest kit, README).
        archive.file("bin/bench", 0755, resource("bench" + bits + ".host"));
        archive.file("bin/net", 0755, resource("net"));
        archive.file("init", 0755, resource("init"));
        return archive;
    }

    private static byte[] resource(String name) {
        try (InputStream in = TestInitramfs.class.getResourceAsStream(name)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
