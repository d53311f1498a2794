package proteus.guests;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Objects;

/** The disk of the kit that a BIOS starts: real-mode code from sector 0 on. */
public final class BootDisk {
    public static final String NAME = "bootdisk";
    public static final String TITLE = "a disk for a BIOS: real-mode code that reads and writes its sectors";
    /** The last line of the console when all went well; it then writes 0 to the debug-exit port. */
    public static final String EXPECTED_CONSOLE = "bootdisk: done";
    /** Below one cylinder a BIOS takes a disk for empty. */
    static final int BYTES = 1 << 20;

    static final long MEMORY = 32L << 20;

    private BootDisk() {}

    /** The whole disk. */
    public static byte[] image() {
        try (InputStream in = Objects.requireNonNull(BootDisk.class.getResourceAsStream("/proteus/guests/bootdisk.img"), NAME)) {
            return Arrays.copyOf(in.readAllBytes(), BYTES);
        } catch (IOException e) {
            throw new UncheckedIOException("the bundle's own boot disk cannot be read", e);
        }
    }
}
