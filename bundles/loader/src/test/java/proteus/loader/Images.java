package proteus.loader;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import proteus.api.vm.GuestLoader.LoadedGuest;
import proteus.api.vm.GuestLoader.Request;
import proteus.api.vm.VmSpec.BootSpec;
import proteus.api.vm.VmSpec.Entry;

/** Small images of every format, made field by field, and the call that loads them. */
final class Images {
    static final int KERNEL_BYTES = 0x2000, SETUP_BYTES = 5 * 512;
    static final int ELF_SEGMENT_OFFSET = 0x200, ELF_SEGMENT_ADDRESS = 0x10_0000, ELF_ENTRY = 0x10_0040;
    static final long BSS = 0x3000;
    private static final int PVH_NOTE = 18;

    private Images() {}

    static LoadedGuest load(FakeMemory memory, byte[] kernel, byte[] initrd, String commandLine, Entry entry) {
        return new StandardGuestLoader().load(new Request(new BootSpec("image", kernel, initrd, commandLine, entry), memory, memory.firmware()));
    }

    static LoadedGuest load(FakeMemory memory, byte[] kernel) {
        return load(memory, kernel, new byte[0], "", Entry.BEST);
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** A relocatable kernel that wants to run at 16 MiB with 8 MiB of room. */
    static byte[] bzImage(boolean wide) {
        ByteBuffer image = buffer(SETUP_BYTES + KERNEL_BYTES);
        image.put(LinuxHeader.SETUP_SECTS, (byte) 4).putInt(LinuxHeader.SYSSIZE, KERNEL_BYTES / 16).putShort(LinuxHeader.BOOT_FLAG, (short) 0xaa55);
        image.put(0x200, (byte) 0xeb).put(LinuxHeader.JUMP_LENGTH, (byte) 0x66).putInt(LinuxHeader.MAGIC, LinuxHeader.HDRS);
        image.putShort(LinuxHeader.VERSION, (short) 0x20f).putShort(LinuxHeader.KERNEL_VERSION, (short) 0x100);
        image.put(0x300, "6.1.0-test (someone) #1\0".getBytes(StandardCharsets.US_ASCII));
        image.put(LinuxHeader.LOADFLAGS, (byte) 1).putInt(LinuxHeader.CODE32_START, 0x10_0000).putInt(LinuxHeader.INITRD_ADDR_MAX, 0x7fff_ffff);
        image.putInt(LinuxHeader.KERNEL_ALIGNMENT, 0x20_0000).put(LinuxHeader.RELOCATABLE, (byte) 1).putShort(LinuxHeader.XLOADFLAGS, (short) (wide ? 1 : 0));
        image.putInt(LinuxHeader.CMDLINE_SIZE, 2047).putLong(LinuxHeader.PREF_ADDRESS, 0x100_0000).putInt(LinuxHeader.INIT_SIZE, 0x80_0000);
        for (int i = 0; i < KERNEL_BYTES; i++) {
            image.put(SETUP_BYTES + i, (byte) (i * 7 + 1));
        }
        return image.array();
    }

    /** ELF32 or ELF64 with one segment at 1 MiB and a PVH note. */
    static byte[] pvh(boolean wide) {
        byte[] elf = elf(wide);
        ByteBuffer image = ByteBuffer.wrap(elf).order(ByteOrder.LITTLE_ENDIAN);
        int note = 0x1c0;
        image.putInt(note, 4).putInt(note + 4, 4).putInt(note + 8, PVH_NOTE).put(note + 12, "Xen\0".getBytes(StandardCharsets.US_ASCII)).putInt(note + 16, ELF_ENTRY);
        return elf;
    }

    /** ELF32 with a Multiboot header at the start of its segment. */
    static byte[] multibootElf(int flags) {
        byte[] elf = elf(false);
        multibootHeader(ByteBuffer.wrap(elf).order(ByteOrder.LITTLE_ENDIAN), ELF_SEGMENT_OFFSET, flags);
        return elf;
    }

    /** Not ELF: the address fields say that it loads at 2 MiB, from its header on, with room for zeros behind it. */
    static byte[] multibootFlat() {
        ByteBuffer image = buffer(0x800);
        int header = 0x100;
        multibootHeader(image, header, 1 << 16 | 3);
        image.putInt(header + 12, 0x20_0100).putInt(header + 16, 0x20_0080).putInt(header + 20, 0x20_0700).putInt(header + 24, 0x20_2000).putInt(header + 28, 0x20_0200);
        image.put(0x200, (byte) 0x90);
        return image.array();
    }

    private static void multibootHeader(ByteBuffer image, int at, int flags) {
        image.putInt(at, 0x1badb002).putInt(at + 4, flags).putInt(at + 8, -(0x1badb002 + flags));
    }

    /** Neither note nor header. */
    static byte[] elf(boolean wide) {
        int segmentBytes = 0x400, note = 0x1c0, noteBytes = 20;
        ByteBuffer image = buffer(ELF_SEGMENT_OFFSET + segmentBytes);
        image.putInt(0, 0x464c457f).put(4, (byte) (wide ? 2 : 1)).put(5, (byte) 1).put(6, (byte) 1).putShort(16, (short) 2).putShort(18, (short) (wide ? 62 : 3)).putInt(20, 1);
        if (wide) {
            image.putLong(24, ELF_ENTRY).putLong(32, 64).putShort(54, (short) 56).putShort(56, (short) 2);
            image.putInt(64, 1).putLong(72, ELF_SEGMENT_OFFSET).putLong(80, 0xffffffff80000000L).putLong(88, ELF_SEGMENT_ADDRESS).putLong(96, segmentBytes).putLong(104, segmentBytes + BSS);
            image.putInt(120, 4).putLong(128, note).putLong(152, noteBytes).putLong(160, noteBytes);
        } else {
            image.putInt(24, ELF_ENTRY).putInt(28, 52).putShort(42, (short) 32).putShort(44, (short) 2);
            image.putInt(52, 1).putInt(56, ELF_SEGMENT_OFFSET).putInt(60, ELF_SEGMENT_ADDRESS).putInt(64, ELF_SEGMENT_ADDRESS).putInt(68, segmentBytes).putInt(72, segmentBytes + (int) BSS);
            image.putInt(84, 4).putInt(88, note).putInt(100, noteBytes).putInt(104, noteBytes);
        }
        for (int i = 0; i < segmentBytes; i++) {
            image.put(ELF_SEGMENT_OFFSET + i, (byte) (i + 3));
        }
        return image.array();
    }
}
