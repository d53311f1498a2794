package proteus.loader;

import proteus.api.vm.GuestLoadException;

/**
 * The real-mode kernel header of a bzImage (boot.rst, "The Real-Mode Kernel Header"), read with the defaults that the document gives to
 * kernels too old for a field.
 *
 * @param setupBytes boot sector and real-mode set-up code at the start of the file
 * @param payloadBytes protected-mode code, which follows
 * @param end end of the header in the file, exclusive
 */
record LinuxHeader(int version, long setupBytes, long payloadBytes, int end, int loadFlags, long code32Start, long initrdMax, long alignment,
        boolean relocatable, int extendedFlags, long commandLineMax, long preferredAddress, long initBytes, String release) {
    /** Offsets in the file, equal to those in the zero page. */
    static final int SETUP_SECTS = 0x1f1, SYSSIZE = 0x1f4, BOOT_FLAG = 0x1fe, JUMP_LENGTH = 0x201, MAGIC = 0x202, VERSION = 0x206, KERNEL_VERSION = 0x20e,
            TYPE_OF_LOADER = 0x210, LOADFLAGS = 0x211, CODE32_START = 0x214, RAMDISK_IMAGE = 0x218, RAMDISK_SIZE = 0x21c, HEAP_END_PTR = 0x224,
            CMD_LINE_PTR = 0x228, INITRD_ADDR_MAX = 0x22c, KERNEL_ALIGNMENT = 0x230, RELOCATABLE = 0x234, XLOADFLAGS = 0x236, CMDLINE_SIZE = 0x238,
            PREF_ADDRESS = 0x258, INIT_SIZE = 0x260;
    /** Start of the header. */
    static final int START = 0x1f1;
    static final int HDRS = 0x53726448, BOOT_SECTOR = 0xaa55;
    /** loadflags: the protected-mode code is loaded at 1 MiB; the heap may be used. */
    static final int LOADED_HIGH = 1, CAN_USE_HEAP = 0x80;
    /** xloadflags: there is a 64-bit entry point at 0x200. */
    static final int XLF_KERNEL_64 = 1;
    private static final int SECTOR = 512, PARAGRAPH = 16, DEFAULT_SETUP_SECTS = 4;
    private static final int OLDEST = 0x202;
    private static final long OLD_INITRD_MAX = 0x37ff_ffffL, OLD_COMMAND_LINE_MAX = 255;
    /** Zero page: what follows the header's room (edd_mbr_sig_buffer, boot.rst "zero-page"). */
    private static final int LAST_END = 0x290;
    private static final int RELEASE_MOST = 120;

    static LinuxHeader parse(Image image) {
        int version = image.u16(VERSION);
        if (version < OLDEST) {
            throw image.fail("is a Linux kernel of boot protocol %d.%02d, older than the oldest supported, 2.02 (Linux 2.4): take a newer kernel", version >> 8, version & 0xff);
        }
        int sectors = image.u8(SETUP_SECTS) == 0 ? DEFAULT_SETUP_SECTS : image.u8(SETUP_SECTS);
        long setup = (sectors + 1L) * SECTOR;
        // Before 2.04 the upper half of syssize is not reliable (boot.rst, "Details of Header Fields").
        long system = version >= 0x204 ? image.u32(SYSSIZE) : image.u16(SYSSIZE);
        long payload = system * PARAGRAPH;
        if (!image.has(setup, payload)) {
            // The last paragraph need not be full.
            long missing = setup + payload - image.size();
            if (missing >= PARAGRAPH || version < 0x204 && image.size() <= setup) {
                throw image.fail("is a truncated bzImage: its header announces %d bytes (%d of set-up code and %d of kernel) but the file has %d; get the file again",
                        setup + payload, setup, payload, image.size());
            }
            payload = image.size() - setup;
        }
        if (payload == 0) {
            throw image.fail("is a bzImage without a kernel: its header announces 0 bytes of protected-mode code; get the file again");
        }
        int loadFlags = image.u8(LOADFLAGS);
        if ((loadFlags & LOADED_HIGH) == 0) {
            throw image.fail("is an old zImage (loaded below 640 KiB), which is not supported: build a bzImage");
        }
        return new LinuxHeader(version, setup, payload, Math.min(MAGIC + image.u8(JUMP_LENGTH), LAST_END), loadFlags, image.u32(CODE32_START),
                version >= 0x203 ? image.u32(INITRD_ADDR_MAX) : OLD_INITRD_MAX,
                version >= 0x205 ? alignment(image) : 1,
                version >= 0x205 && image.u8(RELOCATABLE) != 0,
                version >= 0x20c ? image.u16(XLOADFLAGS) : 0,
                version >= 0x206 ? image.u32(CMDLINE_SIZE) : OLD_COMMAND_LINE_MAX,
                version >= 0x20a ? image.u64(PREF_ADDRESS) : image.u32(CODE32_START),
                version >= 0x20a ? image.u32(INIT_SIZE) : payload,
                release(image));
    }

    private static long alignment(Image image) {
        long alignment = image.u32(KERNEL_ALIGNMENT);
        if (Long.bitCount(alignment) != 1) {
            throw badField(image, "kernel_alignment", alignment, "a power of two");
        }
        return alignment;
    }

    private static String release(Image image) {
        int offset = image.u16(KERNEL_VERSION);
        return offset == 0 ? "" : image.text(offset + 0x200L, RELEASE_MOST).split(" ", 2)[0];
    }

    static GuestLoadException badField(Image image, String field, long value, String expected) {
        return image.fail("is a damaged bzImage: its header field %s is 0x%x, not %s; get the file again", field, value, expected);
    }

    boolean has64BitEntry() {
        return (extendedFlags & XLF_KERNEL_64) != 0;
    }

    /** Where the kernel will run, which is where it needs {@link #initBytes} (boot.rst, "init_size"). */
    long runtimeStart() {
        if (!relocatable) {
            return preferredAddress;
        }
        return Math.max(Ram.align(code32Start, alignment), preferredAddress);
    }

    String versionText() {
        return "%d.%02d".formatted(version >> 8, version & 0xff);
    }
}
