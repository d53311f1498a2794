package proteus.loader.initramfs;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/**
 * Writes a cpio archive in the format "newc" (Linux buffer-format.rst: header of 13 fields of eight hexadecimal digits). The same
 * entries in the same order give the same bytes: times and owners are 0, inodes are numbered as they come.
 */
public final class CpioArchive {
    private static final String MAGIC = "070701";
    private static final String TRAILER = "TRAILER!!!";
    private static final int DIRECTORY = 0040000, CHARACTER_DEVICE = 0020000, REGULAR = 0100000, LINK = 0120000;
    private static final int ALIGNMENT = 4, BLOCK = 512;
    private static final byte[] NOTHING = new byte[0];

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final Set<String> names = new HashSet<>();
    private int inode;
    private boolean finished;

    /** A directory; its parents must come before it, as the kernel unpacks in order and makes none by itself. */
    public CpioArchive directory(String name, int permissions) {
        entry(name, DIRECTORY | permissions, 2, 0, 0, NOTHING);
        return this;
    }

    public CpioArchive file(String name, int permissions, byte[] content) {
        entry(name, REGULAR | permissions, 1, 0, 0, content);
        return this;
    }

    public CpioArchive link(String name, String target) {
        entry(name, LINK | 0777, 1, 0, 0, target.getBytes(StandardCharsets.UTF_8));
        return this;
    }

    public CpioArchive characterDevice(String name, int permissions, int major, int minor) {
        entry(name, CHARACTER_DEVICE | permissions, 1, major, minor, NOTHING);
        return this;
    }

    /** The whole archive; nothing can be added afterwards. */
    public byte[] bytes() {
        if (!finished) {
            inode = -1; // the trailer has inode 0
            record(TRAILER, 0, 1, 0, 0, NOTHING);
            pad(BLOCK);
            finished = true;
        }
        return out.toByteArray();
    }

    private void entry(String name, int mode, int links, int major, int minor, byte[] content) {
        if (finished) {
            throw new IllegalStateException("the archive is finished");
        }
        if (name.isEmpty() || name.startsWith("/") || name.equals(TRAILER) || Arrays.asList(name.split("/", -1)).contains("..")) {
            throw new IllegalArgumentException("not a name inside an archive: " + name);
        }
        int slash = name.lastIndexOf('/');
        if (slash >= 0 && !names.contains(name.substring(0, slash))) {
            throw new IllegalArgumentException("the directory of " + name + " must come before it");
        }
        if (!names.add(name)) {
            throw new IllegalArgumentException(name + " is in the archive twice");
        }
        record(name, mode, links, major, minor, content);
    }

    private void record(String name, int mode, int links, int major, int minor, byte[] content) {
        byte[] path = name.getBytes(StandardCharsets.UTF_8);
        int[] fields = {++inode, mode, 0, 0, links, 0, content.length, 0, 0, major, minor, path.length + 1, 0};
        StringBuilder header = new StringBuilder(MAGIC);
        for (int field : fields) {
            header.append("%08x".formatted(field));
        }
        out.writeBytes(header.toString().getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(path);
        out.write(0);
        pad(ALIGNMENT);
        out.writeBytes(content);
        pad(ALIGNMENT);
    }

    private void pad(int to) {
        while (out.size() % to != 0) {
            out.write(0);
        }
    }
}
