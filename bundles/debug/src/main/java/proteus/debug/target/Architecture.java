package proteus.debug.target;

import java.util.Arrays;
import java.util.Optional;
import proteus.api.state.ArchState;
import proteus.api.vm.GuestContract;
import proteus.x86.format.Msr;

/** What GDB is told the machine is; it is fixed when GDB connects. */
public enum Architecture {
    I386("i386"),
    X86_64("i386:x86-64");

    private static final long LONG_MODE_ACTIVE = 1 << 10;
    private static final int CPUID_LONG_MODE = 1 << 29;
    /** Fields of the Linux boot protocol: magic "HdrS", version, xloadflags with XLF_KERNEL_64. */
    private static final int LINUX_MAGIC_AT = 0x202, LINUX_VERSION_AT = 0x206, LINUX_XLOADFLAGS_AT = 0x236, XLOADFLAGS_SINCE = 0x20c;

    private final String gdbName;

    Architecture(String gdbName) {
        this.gdbName = gdbName;
    }

    public String gdbName() {
        return gdbName;
    }

    public boolean wide() {
        return this == X86_64;
    }

    /** By the name a user gives: i386, x86-64 or x86_64. */
    public static Optional<Architecture> named(String name) {
        return switch (name) {
            case "i386" -> Optional.of(I386);
            case "x86-64", "x86_64", "i386:x86-64" -> Optional.of(X86_64);
            default -> Optional.empty();
        };
    }

    /** The best guess: what the processor is in, what the image is for, what the processor can. */
    public static Architecture of(ArchState state, GuestContract contract, byte[] image) {
        if ((state.msrs().getOrDefault(Msr.IA32_EFER, 0L) & LONG_MODE_ACTIVE) != 0) {
            return X86_64;
        }
        boolean capable = (contract.cpuid(0x8000_0001, 0)[3] & CPUID_LONG_MODE) != 0;
        return capable && !isFor32Bits(image) ? X86_64 : I386;
    }

    /** Only a Linux kernel says so: an ELF file for 32 bits may well hold the loader of a 64-bit guest, as Multiboot wants it. */
    private static boolean isFor32Bits(byte[] image) {
        if (image.length > LINUX_XLOADFLAGS_AT
                && Arrays.equals(image, LINUX_MAGIC_AT, LINUX_MAGIC_AT + 4, new byte[] {'H', 'd', 'r', 'S'}, 0, 4)) {
            int version = image[LINUX_VERSION_AT] & 0xff | (image[LINUX_VERSION_AT + 1] & 0xff) << 8;
            return version < XLOADFLAGS_SINCE || (image[LINUX_XLOADFLAGS_AT] & 1) == 0;
        }
        return false;
    }
}
