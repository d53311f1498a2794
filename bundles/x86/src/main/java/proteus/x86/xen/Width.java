package proteus.x86.xen;

/**
 * What differs between domains of 64 and of 32 bits: the size of {@code unsigned long} and with it most layouts; the depth of page tables; ring and
 * flat segments of the kernel; the part of an address space that is the hypervisor's (Xen public/arch-x86/xen-x86_64.h, xen-x86_32.h). A 32-bit domain
 * has PAE tables and runs under a 64-bit hypervisor, in compatibility mode.
 */
public enum Width {
    NARROW(4, 3, 1, 0xe019, 0xc0bb, 0xe021, 0xc0b3, 0xf580_0000L, 0x1_0000_0000L, "xen-3.0-x86_32p"),
    WIDE(8, 4, 3, FlatSelector.CODE64, FlatSelector.CODE64_RIGHTS, FlatSelector.STACK, FlatSelector.DATA_RIGHTS, 0xffff_8000_0000_0000L, 0xffff_8800_0000_0000L, "xen-3.0-x86_64");

    /** Bytes of {@code unsigned long}. */
    public final int bytes;
    /** Levels of the guest's own page tables. */
    public final int levels;
    /** Ring of the guest's kernel. */
    public final int kernelRing;
    /** Selectors and rights of the flat segments that a kernel starts on. */
    public final int kernelCode, kernelCodeRights, kernelData, kernelDataRights;
    /** Where the hypervisor's part begins, with the table of pseudo-physical frames, and where it ends. */
    public final long hypervisorStart, hypervisorEnd;
    /** Version and platform: magic of the start information and the hypervisor's capability. */
    public final String platform;

    Width(int bytes, int levels, int kernelRing, int kernelCode, int kernelCodeRights, int kernelData, int kernelDataRights, long hypervisorStart, long hypervisorEnd, String platform) {
        this.bytes = bytes;
        this.levels = levels;
        this.kernelRing = kernelRing;
        this.kernelCode = kernelCode;
        this.kernelCodeRights = kernelCodeRights;
        this.kernelData = kernelData;
        this.kernelDataRights = kernelDataRights;
        this.hypervisorStart = hypervisorStart;
        this.hypervisorEnd = hypervisorEnd;
        this.platform = platform;
    }

    public boolean wide() {
        return this == WIDE;
    }

    /** An address as the processor forms it. */
    public long address(long value) {
        return this == WIDE ? value : value & 0xffff_ffffL;
    }

    /** Whether an address is the hypervisor's. */
    public boolean hypervisors(long address) {
        return address >= hypervisorStart && address < hypervisorEnd;
    }
}
