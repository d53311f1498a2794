package proteus.x86.monitor;

import proteus.api.cpu.CpuContext;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.GuestPaging;
import proteus.x86.format.Cr4;
import proteus.x86.format.CpuidBits;

/** CPUID as the guest sees it: the contract of its boot, with the bits that follow its own state (SDM 2A, CPUID). */
public final class CpuidView {
    private static final int APIC_ID_SHIFT = 24;
    /** The first state component behind the legacy region of an XSAVE area. */
    private static final int FIRST_EXTENDED = 2;

    private final CpuContext context;
    private final GuestPaging control;
    private final CpuRegisters registers;

    /** @param control the guest's own control registers */
    public CpuidView(CpuContext context, GuestPaging control) {
        this.context = context;
        this.control = control;
        this.registers = context.processor().registers();
    }

    /** Executes the instruction on the registers. */
    public void execute() {
        int leaf = (int) registers.gpr(CpuRegisters.RAX);
        int subleaf = (int) registers.gpr(CpuRegisters.RCX);
        int[] values = context.contract().cpuid(leaf, subleaf);
        int eax = values[0];
        int ebx = values[1];
        int ecx = values[2];
        int edx = values[3];
        switch (leaf) {
            case 1 -> {
                ebx = ebx & 0x00ff_ffff | context.interrupts().apicId() << APIC_ID_SHIFT;
                ecx = bit(ecx, CpuidBits.ECX1_OSXSAVE, (control.cr4() & Cr4.OSXSAVE) != 0);
                edx = bit(edx, CpuidBits.EDX1_APIC, (edx & CpuidBits.EDX1_APIC) != 0 && context.interrupts().apicEnabled());
            }
            case 7 -> ecx = bit(ecx, CpuidBits.ECX7_OSPKE, (control.cr4() & Cr4.PKE) != 0);
            case 0xd -> ebx = subleaf == 0 || subleaf == 1 ? ebx + enabledBytes() : ebx;
            case 0xb -> edx = context.interrupts().apicId();
            default -> { }
        }
        registers.gpr(CpuRegisters.RAX, eax & 0xffffffffL);
        registers.gpr(CpuRegisters.RBX, ebx & 0xffffffffL);
        registers.gpr(CpuRegisters.RCX, ecx & 0xffffffffL);
        registers.gpr(CpuRegisters.RDX, edx & 0xffffffffL);
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
