package proteus.loader.initramfs;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** The test system: a static busybox and an {@code /init} that prints {@link #MARKER} and ends in a shell with {@link #PROMPT}. */
public final class TestInitramfs {
    /** Printed once the system is up. */
    public static final String MARKER = "READY";
    /** Of the shell on the console. */
    public static final String PROMPT = "proteus# ";

    private TestInitramfs() {}

    /** Builds it around a statically linked busybox; uncompressed, as unpacking costs the guest millions of instructions. */
    public static byte[] around(byte[] busybox) {
        CpioArchive archive = new CpioArchive();
        for (String directory : new String[] {"bin", "sbin", "usr", "usr/bin", "usr/sbin", "dev", "proc", "sys", "tmp", "root", "etc"}) {
            archive.directory(directory, directory.equals("tmp") ? 01777 : 0755);
        }
        // The kernel opens /dev/console for init before devtmpfs is mounted (init/main.c, console_on_rootfs).
        archive.characterDevice("dev/console", 0600, 5, 1);
        archive.characterDevice("dev/null", 0666, 1, 3);
        archive.file("bin/busybox", 0755, busybox);
        archive.link("bin/sh", "busybox");
        archive.file("init", 0755, script());
        return archive.bytes();
    }

    private static byte[] script() {
        try (InputStream in = TestInitramfs.class.getResourceAsStream("init")) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
