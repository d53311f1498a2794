package proteus.cpu.para;

import proteus.api.silicon.CpuRegisters;
import proteus.api.vm.GuestContract;
import proteus.x86.decode.Decoder;
import proteus.x86.decode.Instruction;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.Efer;
import proteus.x86.format.Msr;

/**
 * The instructions a paravirtual kernel may still execute although they fault in ring 3 (Xen arch/x86/pv/emul-priv-op.c), and CPUID behind
 * the prefix that makes it fault (XEN_EMULATE_PREFIX).
 */
final class PrivilegedInstructions {
    /** UD2 and the letters "xen". */
    private static final int[] PREFIX = {0x0f, 0x0b, 'x', 'e', 'n'};
    private static final int CPUID_BYTES = 2;
    /** The memory types that Xen has its processors use: the order matters to who reads the register. */
    private static final long PAT = 0x0000_0501_0007_0406L;
    private static final long CR4_GUESTS = Cr4.TSD | Cr4.DE;
    private static final int RAX = CpuRegisters.RAX, RCX = CpuRegisters.RCX, RDX = CpuRegisters.RDX, RBX = CpuRegisters.RBX;

    private final CpuRegisters registers;
    private final AddressSpace space;
    private final GuestMode mode;
    private final SharedInfo shared;
    private final CpuidPolicy cpuid;
    private final Instruction instruction = new Instruction();
    private int ioPrivilege;

    PrivilegedInstructions(CpuRegisters registers, AddressSpace space, GuestMode mode, SharedInfo shared, GuestContract contract) {
        this.registers = registers;
        this.space = space;
        this.mode = mode;
        this.shared = shared;
        this.cpuid = new CpuidPolicy(contract);
    }

    /** PHYSDEVOP_set_iopl; the kernel counts as ring 1. */
    void ioPrivilege(int level) {
        ioPrivilege = level;
    }

    /** Sets up what the guest finds in the control registers. */
    void begin() {
        registers.msr(Msr.IA32_PAT, PAT);
        ioPrivilege = 0;
    }

    /** After #UD: whether it was CPUID with the prefix, which is carried out. */
    boolean prefixedCpuid() {
        long rip = linearRip();
        if (registers.codeSize() != space.width().bytes * Byte.SIZE) {
            return false;
        }
        try {
            for (int i = 0; i < PREFIX.length; i++) {
                if (space.read8(rip + i) != PREFIX[i]) {
                    return false;
                }
            }
            if (space.read8(rip + PREFIX.length) != 0x0f || space.read8(rip + PREFIX.length + 1) != 0xa2) {
                return false;
            }
        } catch (Refusal unmapped) {
            return false;
        }
        int[] values = cpuid.values((int) registers.gpr(RAX), (int) registers.gpr(RCX));
        registers.gpr(RAX, values[0] & 0xffff_ffffL);
        registers.gpr(RBX, values[1] & 0xffff_ffffL);
        registers.gpr(RCX, values[2] & 0xffff_ffffL);
        registers.gpr(RDX, values[3] & 0xffff_ffffL);
        registers.rip(registers.rip() + PREFIX.length + CPUID_BYTES);
        return true;
    }

    /** Where the instruction lies; in 64-bit code the base is 0. */
    private long linearRip() {
        return space.width().address(registers.segment(CpuRegisters.CS).base() + registers.rip());
    }

    /** After #GP in kernel mode: whether the instruction is one that is carried out here. */
    boolean emulate() {
        long rip = linearRip();
        try {
            Decoder.decode(offset -> space.read8(rip + offset), registers.codeSize(), instruction);
        } catch (Refusal unmapped) {
            return false;
        }
        boolean done = switch (instruction.mnemonic) {
            case RDMSR -> readMsr();
            case WRMSR -> writeMsr();
            case MOV_CR -> instruction.kind[0] == Instruction.CONTROL
                    ? writeCr(instruction.register[0], registers.gpr(instruction.register[1]))
                    : readCr(instruction.register[1], instruction.register[0]);
            case CLTS -> {
                registers.cr(0, registers.cr(0) & ~Cr0.TS);
                yield true;
            }
            // Caches are the model's, and coherent.
            case WBINVD -> true;
            case IN -> in();
            case OUT -> ioPrivilege > 0;
            // Nothing, as in Xen: the POPF that would undo a CLI cannot be seen. Events have their own mask.
            case CLI, STI -> ioPrivilege > 0;
            default -> false;
        };
        if (done) {
            registers.rip(registers.rip() + instruction.length);
        }
        return done;
    }

    /** Nobody is at any port of a domain without devices. */
    private boolean in() {
        if (ioPrivilege == 0) {
            return false;
        }
        long rax = registers.gpr(RAX);
        registers.gpr(RAX, switch (instruction.operandSize) {
            case 8 -> rax | 0xff;
            case 16 -> rax | 0xffff;
            default -> 0xffff_ffffL;
        });
        return true;
    }

    private boolean readCr(int cr, int gpr) {
        switch (cr) {
            case 0, 4 -> registers.gpr(gpr, registers.cr(cr));
            case 2 -> registers.gpr(gpr, shared.cr2());
            case 3 -> registers.gpr(gpr, space.width().wide() ? mode.kernelRoot() : extended(mode.kernelRoot()));
            default -> {
                return false;
            }
        }
        return true;
    }

    /** A root above 4 GiB in 32 bits: the highest bits of the frame number stand below (xen_pfn_to_cr3). */
    private static long extended(long root) {
        return (root | root >>> 32) & 0xffff_ffffL;
    }

    private boolean writeCr(int cr, long value) {
        switch (cr) {
            case 0 -> {
                if (((value ^ registers.cr(0)) & ~Cr0.TS) != 0) {
                    return false;
                }
                registers.cr(0, value);
            }
            case 2 -> shared.cr2(value);
            // What the guest may not choose stays as it is.
            case 4 -> registers.cr(4, registers.cr(4) & ~CR4_GUESTS | value & CR4_GUESTS);
            default -> {
                return false;
            }
        }
        return true;
    }

    private boolean readMsr() {
        long value;
        switch ((int) registers.gpr(RCX)) {
            case Msr.IA32_FS_BASE, Msr.IA32_GS_BASE, Msr.IA32_KERNEL_GS_BASE, Msr.IA32_PAT, Msr.IA32_MISC_ENABLE, Msr.IA32_EFER ->
                value = registers.msr((int) registers.gpr(RCX));
            case Msr.IA32_TSC -> value = registers.msr(Msr.IA32_TSC);
            case Msr.IA32_APIC_BASE, Msr.IA32_PLATFORM_ID, Msr.IA32_BIOS_SIGN_ID, Msr.IA32_MTRRCAP, Msr.IA32_MCG_CAP, Msr.PLATFORM_INFO, Msr.IA32_STAR, Msr.IA32_LSTAR,
                    Msr.IA32_CSTAR, Msr.IA32_FMASK, Msr.IA32_SYSENTER_CS, Msr.IA32_SYSENTER_ESP, Msr.IA32_SYSENTER_EIP -> value = 0;
            default -> {
                return false;
            }
        }
        registers.gpr(RAX, value & 0xffff_ffffL);
        registers.gpr(RDX, value >>> 32);
        return true;
    }

    private boolean writeMsr() {
        int index = (int) registers.gpr(RCX);
        long value = registers.gpr(RAX) & 0xffff_ffffL | registers.gpr(RDX) << 32;
        return switch (index) {
            case Msr.IA32_FS_BASE, Msr.IA32_GS_BASE, Msr.IA32_KERNEL_GS_BASE -> {
                if (!proteus.x86.format.PageTable.canonical(value, 48)) {
                    yield false;
                }
                registers.msr(index, value);
                yield true;
            }
            // As it is: a kernel may write back what it read.
            case Msr.IA32_EFER, Msr.IA32_MISC_ENABLE -> value == registers.msr(index) || index == Msr.IA32_EFER && (value & Efer.LMA) != 0;
            // The microcode is the host's; where system calls go is said by CALLBACK_OP.
            case Msr.IA32_BIOS_SIGN_ID, Msr.IA32_STAR, Msr.IA32_LSTAR, Msr.IA32_CSTAR, Msr.IA32_FMASK, Msr.IA32_SYSENTER_CS, Msr.IA32_SYSENTER_ESP, Msr.IA32_SYSENTER_EIP -> true;
            default -> false;
        };
    }
}
