package proteus.cpu.full;

import proteus.api.cpu.CpuContext;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.GuestPaging;
import proteus.x86.format.Cr4;

/** CPUID as the guest's kernel sees it: the contract of its boot, with the bits that follow its own state (SDM 2A, CPUID). */
final class CpuidView {
    static final int ECX1_MONITOR = 1 << 3;
    private static final int ECX1_OSXSAVE = 1 << 27;
    private static final int EDX1_APIC = 1 << 9;
    private static final int ECX7_OSPKE = 1 << 4;
    private static final int APIC_ID_SHIFT = 24;
    /** The first state component behind the legacy region of an XSAVE area. */
    private static final int FIRST_EXTENDED = 2;

    private final CpuContext context;
    private final GuestPaging control;
    private final CpuRegisters registers;

    CpuidView(CpuContext context, GuestPaging control) {
        this.context = context;
        this.control = control;
        this.registers = context.processor().registers();
    }

    /** Executes the instruction on the registers. */
    void execute() {
        int leaf = (int) registers.gpr(CpuRegisters.RAX);
        int subleaf = (int) registers.gpr(CpuRegisters.RCX);
        int[] values = context.contract().cpuid(leaf, subleaf).clone();
        switch (leaf) {
            case 1 -> {
                values[1] = values[1] & 0x00ff_ffff | context.interrupts().apicId() << APIC_ID_SHIFT;
                values[2] = bit(values[2], ECX1_OSXSAVE, (control.cr4() & Cr4.OSXSAVE) != 0);
                values[3] = bit(values[3], EDX1_APIC, (values[3] & EDX1_APIC) != 0 && context.interrupts().apicEnabled());
            }
            case 7 -> values[2] = bit(values[2], ECX7_OSPKE, (control.cr4() & Cr4.PKE) != 0);
            case 0xd -> values[1] += subleaf == 0 || subleaf == 1 ? enabledBytes() : 0;
            case 0xb -> values[3] = context.interrupts().apicId();
            default -> { }
        }
        int[] order = {CpuRegisters.RAX, CpuRegisters.RBX, CpuRegisters.RCX, CpuRegisters.RDX};
        for (int i = 0; i < order.length; i++) {
            registers.gpr(order[i], values[i] & 0xffffffffL);
        }
    }

    /** What the state that XCR0 enables beyond x87 and SSE takes of an XSAVE area: leaf 0xd counts no more than those at boot. */
    private int enabledBytes() {
        int bytes = 0;
        for (int component = FIRST_EXTENDED; component < 63; component++) {
            if ((registers.xcr0() >>> component & 1) != 0) {
                bytes += context.contract().cpuid(0xd, component)[0];
            }
        }
        return bytes;
    }

    private static int bit(int value, int bit, boolean on) {
        return on ? value | bit : value & ~bit;
    }
}
