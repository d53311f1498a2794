package proteus.x86.monitor;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import proteus.api.cpu.CpuContext;
import proteus.api.io.InterruptController;
import proteus.api.silicon.CpuRegisters;
import proteus.x86.format.CpuidBits;
import proteus.x86.format.Msr;
import proteus.x86.format.PageTable;

/**
 * RDMSR and WRMSR that a VMM carries out (SDM vol. 4). A register that the guest's CPUID does not promise and no processor of the kind
 * has is a #GP, as on hardware. Some live in the processor, those without effect on a modelled machine (MTRRs, machine
 * check, microcode) live here: under every technique the same, so that a hand-over changes none. IA32_EFER is a matter of paging.
 */
public final class GuestMsrs {
    /** Registers that each technique has in a place of its own. */
    public interface Home {
        /** The time-stamp counter as the guest reads it. */
        long tsc();

        void tsc(long value);

        /** IA32_PAT or IA32_DEBUGCTL, which VM entries and exits switch. */
        long switched(int index);

        void switched(int index, long value);
    }

    private static final int MTRR_VARIABLE = 8;
    private static final int MTRR_LAST_VARIABLE = Msr.IA32_MTRR_PHYSBASE0 + 2 * MTRR_VARIABLE - 1;
    /** IA32_MTRRCAP: eight variable ranges, fixed ranges, write-combining (SDM 3A 13.11.1). */
    private static final long MTRR_CAPABILITIES = MTRR_VARIABLE | 1 << 8 | 1 << 10;

    private static final int MTRR_FIX_64K = Msr.IA32_MTRR_FIX64K_00000;
    private static final int MTRR_FIX_4K_FIRST = Msr.IA32_MTRR_FIX4K_C0000;
    private static final long MTRR_DEFAULT_DEFINED = 0xcff;
    /** Memory types that exist: UC, WC, WT, WP, WB; in PAT also UC- (SDM 3A 13.3). */
    private static final int MEMORY_TYPES = 1 | 1 << 1 | 1 << 4 | 1 << 5 | 1 << 6;

    private static final int PAT_TYPES = MEMORY_TYPES | 1 << 7;
    private static final long DEBUGCTL_DEFINED = 3;
    private static final int P5_MC_ADDR = 0;
    private static final int P5_MC_TYPE = 1;
    private static final int EBL_CR_POWERON = 0x2a;
    /** Multiples of 100 MHz in PLATFORM_INFO and IA32_PERF_STATUS. */
    private static final long RATIO_HERTZ = 100_000_000;

    /** Held by the processor, for the guest alone: no VMM needs to know of their use. */
    public static final Set<Integer> PROCESSORS_OWN = Set.of(
            Msr.IA32_FS_BASE, Msr.IA32_GS_BASE, Msr.IA32_KERNEL_GS_BASE, Msr.IA32_STAR, Msr.IA32_LSTAR, Msr.IA32_CSTAR, Msr.IA32_FMASK,
            Msr.IA32_SYSENTER_CS, Msr.IA32_SYSENTER_ESP, Msr.IA32_SYSENTER_EIP);

    private final CpuRegisters registers;
    private final InterruptController interrupts;
    private final int physicalBits;
    private final Home home;
    private final CpuContext context;
    private final Map<Integer, Long> kept = new HashMap<>();

    /** @param physicalBits width of the guest's physical addresses */
    public GuestMsrs(CpuContext context, int physicalBits, Home home) {
        this.context = context;
        this.registers = context.processor().registers();
        this.interrupts = context.interrupts();
        this.physicalBits = physicalBits;
        this.home = home;
        reset();
    }

    /** Values after reset (SDM 3A 10.1, 13.11, 17.3). */
    private void reset() {
        kept.clear();
        kept.put(Msr.IA32_MISC_ENABLE, Msr.MISC_ENABLE_FAST_STRING | Msr.MISC_ENABLE_BTS_UNAVAILABLE | Msr.MISC_ENABLE_PEBS_UNAVAILABLE);
        kept.put(Msr.IA32_MTRR_DEF_TYPE, 0L);
        kept.put(Msr.IA32_MCG_STATUS, 0L);
        for (int msr = Msr.IA32_MTRR_PHYSBASE0; msr <= MTRR_LAST_VARIABLE; msr++) {
            kept.put(msr, 0L);
        }
        kept.put(MTRR_FIX_64K, 0L);
        kept.put(Msr.IA32_MTRR_FIX16K_80000, 0L);
        kept.put(Msr.IA32_MTRR_FIX16K_A0000, 0L);
        for (int msr = MTRR_FIX_4K_FIRST; msr <= Msr.IA32_MTRR_FIX4K_F8000; msr++) {
            kept.put(msr, 0L);
        }
        if (has7(1, CpuidBits.EBX7_TSC_ADJUST)) {
            kept.put(Msr.IA32_TSC_ADJUST, 0L);
        }
        if (has7(3, CpuidBits.EDX7_SPEC_CTRL)) {
            kept.put(Msr.IA32_SPEC_CTRL, 0L);
        }
    }

    private boolean has7(int register, int bit) {
        return (context.contract().cpuid(7, 0)[register] & bit) != 0;
    }

    private boolean has1(int register, int bit) {
        return (context.contract().cpuid(1, 0)[register] & bit) != 0;
    }

    /** RDMSR with the registers of the guest; false: #GP. */
    public boolean read() {
        int index = (int) registers.gpr(CpuRegisters.RCX);
        long value;
        try {
            if (interrupts.ownsMsr(index)) {
                value = interrupts.readMsr(index);
            } else {
                Long known = value(index);
                if (known == null) {
                    return false;
                }
                value = known;
            }
        } catch (IllegalArgumentException e) {
            return false;
        }
        result(registers, value);
        return true;
    }

    /** What RDMSR has read. */
    public static void result(CpuRegisters registers, long value) {
        registers.gpr(CpuRegisters.RAX, value & 0xffffffffL);
        registers.gpr(CpuRegisters.RDX, value >>> 32);
    }

    /** What WRMSR is to write. */
    public static long operand(CpuRegisters registers) {
        return registers.gpr(CpuRegisters.RDX) << 32 | registers.gpr(CpuRegisters.RAX) & 0xffffffffL;
    }

    /** WRMSR with the registers of the guest; false: #GP. */
    public boolean write() {
        int index = (int) registers.gpr(CpuRegisters.RCX);
        long value = operand(registers);
        try {
            if (interrupts.ownsMsr(index)) {
                interrupts.writeMsr(index, value);
                return true;
            }
            return write(index, value);
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** A register's value, or null: #GP. */
    private Long value(int index) {
        Long stored = kept.get(index);
        if (stored != null) {
            return gone(index) ? null : stored;
        }
        if (PROCESSORS_OWN.contains(index)) {
            return registers.msr(index);
        }
        return switch (index) {
            case Msr.IA32_TSC -> home.tsc();
            case Msr.IA32_PAT -> has1(3, CpuidBits.EDX1_PAT) ? home.switched(index) : null;
            case Msr.IA32_DEBUGCTL -> home.switched(index);
            case Msr.IA32_TSC_AUX -> rdtscp() ? registers.msr(index) : null;
            case Msr.IA32_MTRRCAP -> has1(3, CpuidBits.EDX1_MTRR) ? MTRR_CAPABILITIES : null;
            case Msr.IA32_MCG_CAP -> has1(3, CpuidBits.EDX1_MCA) ? 0L : null;
            case Msr.IA32_FEATURE_CONTROL -> Msr.FEATURE_CONTROL_LOCK;
            case Msr.PLATFORM_INFO, Msr.IA32_PERF_STATUS -> context.contract().tscFrequency() / RATIO_HERTZ << 8;
            case Msr.IA32_ARCH_CAPABILITIES -> has7(3, CpuidBits.EDX7_ARCH_CAPABILITIES) ? registers.msr(index) : null;
            case P5_MC_ADDR, P5_MC_TYPE, EBL_CR_POWERON, Msr.IA32_PLATFORM_ID, Msr.IA32_BIOS_SIGN_ID -> 0L;
            default -> null;
        };
    }

    /** Kept registers that the guest's CPUID takes away. */
    private boolean gone(int index) {
        boolean mtrr = index >= Msr.IA32_MTRR_PHYSBASE0 && index <= Msr.IA32_MTRR_DEF_TYPE;
        return mtrr && !has1(3, CpuidBits.EDX1_MTRR) || index == Msr.IA32_MCG_STATUS && !has1(3, CpuidBits.EDX1_MCA);
    }

    private boolean write(int index, long value) {
        if (kept.containsKey(index)) {
            if (gone(index) || !valid(index, value)) {
                return false;
            }
            keep(index, value);
            return true;
        }
        switch (index) {
            case Msr.IA32_STAR -> registers.msr(index, value);
            case Msr.IA32_FMASK, Msr.IA32_SYSENTER_CS -> registers.msr(index, value & 0xffffffffL);
            case Msr.IA32_FS_BASE, Msr.IA32_GS_BASE, Msr.IA32_KERNEL_GS_BASE, Msr.IA32_LSTAR, Msr.IA32_CSTAR, Msr.IA32_SYSENTER_ESP,
                Msr.IA32_SYSENTER_EIP -> {
                if (!PageTable.canonical(value, 48)) {
                    return false;
                }
                registers.msr(index, value);
            }
            case Msr.IA32_TSC -> timeStamp(value);
            case Msr.IA32_PAT -> {
                if (!has1(3, CpuidBits.EDX1_PAT) || !eachByteIn(value, PAT_TYPES)) {
                    return false;
                }
                home.switched(index, value);
            }
            case Msr.IA32_DEBUGCTL -> {
                if ((value & ~DEBUGCTL_DEFINED) != 0) {
                    return false;
                }
                home.switched(index, value);
            }
            case Msr.IA32_TSC_AUX -> {
                if (!rdtscp() || value >>> 32 != 0) {
                    return false;
                }
                registers.msr(index, value);
            }
            case Msr.IA32_PRED_CMD -> {
                return has7(3, CpuidBits.EDX7_SPEC_CTRL);
            }
            case Msr.IA32_BIOS_SIGN_ID, Msr.IA32_BIOS_UPDT_TRIG, P5_MC_ADDR, P5_MC_TYPE, EBL_CR_POWERON -> { }
            default -> {
                return false;
            }
        }
        return true;
    }

    private boolean valid(int index, long value) {
        if (index == Msr.IA32_MTRR_DEF_TYPE) {
            return (value & ~MTRR_DEFAULT_DEFINED) == 0 && (MEMORY_TYPES >>> (int) (value & 0xff) & 1) != 0 && (value & 0xff) < 8;
        }
        if (index >= MTRR_FIX_64K && index <= Msr.IA32_MTRR_FIX4K_F8000) {
            return eachByteIn(value, MEMORY_TYPES);
        }
        if (index >= Msr.IA32_MTRR_PHYSBASE0 && index <= MTRR_LAST_VARIABLE) {
            return value >>> physicalBits == 0;
        }
        return index != Msr.IA32_MCG_STATUS || value == 0;
    }

    private static boolean eachByteIn(long value, int types) {
        for (int i = 0; i < 64; i += 8) {
            long type = value >>> i & 0xff;
            if (type > 7 || (types >>> (int) type & 1) == 0) {
                return false;
            }
        }
        return true;
    }

    private void keep(int index, long value) {
        if (index == Msr.IA32_TSC_ADJUST) {
            // Adjusting moves the TSC by the difference (SDM 3B 18.17.3).
            home.tsc(home.tsc() + value - kept.get(index));
        }
        kept.put(index, value);
    }

    private boolean rdtscp() {
        return (context.contract().cpuid(0x8000_0001, 0)[3] & CpuidBits.EDX80000001_RDTSCP) != 0;
    }

    /** A write to the TSC counts as an adjustment. */
    private void timeStamp(long value) {
        long difference = value - home.tsc();
        home.tsc(value);
        kept.computeIfPresent(Msr.IA32_TSC_ADJUST, (msr, adjust) -> adjust + difference);
    }

    /** The registers held here, for the guest-visible state. */
    public Map<Integer, Long> export() {
        return Map.copyOf(kept);
    }

    /** Takes over those of a guest-visible state that are held here; what is absent is as after reset. */
    public void adopt(Map<Integer, Long> msrs) {
        reset();
        msrs.forEach((index, value) -> kept.computeIfPresent(index, (msr, old) -> value));
    }
}
