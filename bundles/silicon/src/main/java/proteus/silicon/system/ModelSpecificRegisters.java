package proteus.silicon.system;

import static proteus.silicon.cpu.Cpu.FS;
import static proteus.silicon.cpu.Cpu.GS;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Msrs;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Mnemonic;
import proteus.x86.format.Cr0;
import proteus.x86.format.Efer;
import proteus.x86.format.Msr;

/** RDMSR and WRMSR of the processor itself (SDM vol. 4); unknown registers are #GP(0). */
public final class ModelSpecificRegisters {
    /** Nothing is speculated, so nothing leaks. */
    public static final long ARCH_CAPABILITIES = Msr.ARCH_RDCL_NO | Msr.ARCH_IBRS_ALL | Msr.ARCH_SKIP_L1DFL | Msr.ARCH_SSB_NO | Msr.ARCH_MDS_NO
        | Msr.ARCH_IF_PSCHANGE_MC_NO | Msr.ARCH_TAA_NO | Msr.ARCH_SBDR_SSDP_NO | Msr.ARCH_FBSDP_NO | Msr.ARCH_PSDP_NO | Msr.ARCH_BHI_NO | Msr.ARCH_PBRSB_NO
        | Msr.ARCH_GDS_NO | Msr.ARCH_RFDS_NO | Msr.ARCH_ITS_NO;

    private static final int RAX = 0, RCX = 1, RDX = 2;
    private static final long LOW = 0xffff_ffffL;
    /** Eight variable ranges, fixed ranges, write-combining (SDM 3A, 12.11.1). */
    private static final long MTRR_CAPABILITIES = 8 | 1 << 8 | 1 << 10;
    private static final int MTRR_VARIABLE = 16;
    private static final long MTRR_DEFAULT_DEFINED = 0xcff;
    /** Valid memory types, one bit each: UC, WC, WT, WP, WB; PAT has UC- besides. */
    private static final int TYPES = 1 | 1 << 1 | 1 << 4 | 1 << 5 | 1 << 6, PAT_TYPES = TYPES | 1 << 7;
    private static final long DEBUGCTL_DEFINED = 3, SPEC_CTRL_DEFINED = 3, PRED_CMD_DEFINED = 1;
    private static final int P5_MC_ADDR = 0, P5_MC_TYPE = 1, EBL_CR_POWERON = 0x2a;
    /** The TSC ticks at 1 GHz: ten times the 100 MHz bus. */
    private static final long RATIO = 10 << 8;
    private static final long MICROCODE_REVISION = 1L << 32;

    private ModelSpecificRegisters() {}

    static void register(HandlerTable t) {
        t.putEnding(Mnemonic.RDMSR, ModelSpecificRegisters::rdmsr);
        t.putEnding(Mnemonic.WRMSR, ModelSpecificRegisters::wrmsr);
    }

    private static int prepare(Cpu cpu, Op op, boolean write) {
        if (!Features.has(cpu, Features.MSR)) {
            throw cpu.undefined();
        }
        Checks.ring0(cpu);
        int index = cpu.gpr32(RCX);
        cpu.intercepts.msr(cpu, op, index, write);
        return index;
    }

    private static void rdmsr(Cpu cpu, Op op) {
        long value = read(cpu, prepare(cpu, op, false));
        cpu.gpr(RAX, value & LOW);
        cpu.gpr(RDX, value >>> 32);
    }

    private static void wrmsr(Cpu cpu, Op op) {
        int index = prepare(cpu, op, true);
        write(cpu, index, cpu.gpr(RDX) << 32 | cpu.gpr(RAX) & LOW);
    }

    /** Index in the array of fixed-range MTRRs, or -1. */
    private static int fixedRange(int index) {
        return switch (index) {
            case Msr.IA32_MTRR_FIX64K_00000 -> 0;
            case Msr.IA32_MTRR_FIX16K_80000 -> 1;
            case Msr.IA32_MTRR_FIX16K_A0000 -> 2;
            default -> index >= Msr.IA32_MTRR_FIX4K_C0000 && index <= Msr.IA32_MTRR_FIX4K_F8000 ? index - Msr.IA32_MTRR_FIX4K_C0000 + 3 : -1;
        };
    }

    private static boolean variableRange(int index) {
        return index >= Msr.IA32_MTRR_PHYSBASE0 && index < Msr.IA32_MTRR_PHYSBASE0 + MTRR_VARIABLE;
    }

    /** A register that exists only with a feature. */
    private static void need(Cpu cpu, Features feature) {
        if (!Features.has(cpu, feature)) {
            throw cpu.protection(0);
        }
    }

    private static void check(Cpu cpu, boolean valid) {
        if (!valid) {
            throw cpu.protection(0);
        }
    }

    /** RDMSR without the checks of the instruction itself; throws its #GP. */
    public static long read(Cpu cpu, int index) {
        Msrs m = cpu.msrs;
        if (variableRange(index) || fixedRange(index) >= 0) {
            need(cpu, Features.MTRR);
            return variableRange(index) ? m.mtrrPhys[index - Msr.IA32_MTRR_PHYSBASE0] : m.mtrrFixed[fixedRange(index)];
        }
        return switch (index) {
            case Msr.IA32_TSC -> cpu.intercepts.tsc(cpu);
            case Msr.IA32_TSC_ADJUST -> {
                need(cpu, Features.TSC_ADJUST);
                yield m.tscAdjust;
            }
            case Msr.IA32_APIC_BASE -> m.apicBase;
            case Msr.IA32_FEATURE_CONTROL -> {
                need(cpu, Features.VMX);
                yield m.featureControl;
            }
            case Msr.IA32_SPEC_CTRL -> {
                need(cpu, Features.SPEC_CTRL);
                yield m.specCtrl;
            }
            case Msr.IA32_ARCH_CAPABILITIES -> {
                need(cpu, Features.ARCH_CAPABILITIES);
                yield ARCH_CAPABILITIES;
            }
            case Msr.IA32_MTRRCAP -> {
                need(cpu, Features.MTRR);
                yield MTRR_CAPABILITIES;
            }
            case Msr.IA32_MTRR_DEF_TYPE -> {
                need(cpu, Features.MTRR);
                yield m.mtrrDefType;
            }
            case Msr.IA32_PAT -> {
                need(cpu, Features.PAT);
                yield m.pat;
            }
            case Msr.IA32_MCG_CAP, Msr.IA32_MCG_STATUS -> {
                need(cpu, Features.MCA);
                yield index == Msr.IA32_MCG_CAP ? 0 : m.mcgStatus;
            }
            case Msr.IA32_SYSENTER_CS, Msr.IA32_SYSENTER_ESP, Msr.IA32_SYSENTER_EIP -> {
                need(cpu, Features.SEP);
                yield index == Msr.IA32_SYSENTER_CS ? m.sysenterCs : index == Msr.IA32_SYSENTER_ESP ? m.sysenterEsp : m.sysenterEip;
            }
            case Msr.IA32_MISC_ENABLE -> m.miscEnable;
            case Msr.IA32_DEBUGCTL -> m.debugctl;
            case Msr.IA32_BIOS_SIGN_ID -> MICROCODE_REVISION;
            case Msr.PLATFORM_INFO, Msr.IA32_PERF_STATUS -> RATIO;
            case Msr.IA32_PLATFORM_ID, P5_MC_ADDR, P5_MC_TYPE, EBL_CR_POWERON -> 0;
            case Msr.IA32_EFER -> {
                check(cpu, cpu.eferMask != 0);
                yield cpu.efer;
            }
            default -> readLong(cpu, index);
        };
    }

    /** The registers that came with 64-bit mode. */
    private static long readLong(Cpu cpu, int index) {
        Msrs m = cpu.msrs;
        need(cpu, index == Msr.IA32_TSC_AUX ? Features.RDTSCP : Features.LONG_MODE);
        return switch (index) {
            case Msr.IA32_STAR -> m.star;
            case Msr.IA32_LSTAR -> m.lstar;
            case Msr.IA32_CSTAR -> m.cstar;
            case Msr.IA32_FMASK -> m.sfmask;
            case Msr.IA32_FS_BASE -> cpu.base[FS];
            case Msr.IA32_GS_BASE -> cpu.base[GS];
            case Msr.IA32_KERNEL_GS_BASE -> m.kernelGsBase;
            case Msr.IA32_TSC_AUX -> m.tscAux;
            default -> throw cpu.protection(0);
        };
    }

    /** WRMSR without the checks of the instruction itself; throws its #GP. */
    public static void write(Cpu cpu, int index, long value) {
        Msrs m = cpu.msrs;
        if (variableRange(index) || fixedRange(index) >= 0) {
            need(cpu, Features.MTRR);
            if (variableRange(index)) {
                check(cpu, value >>> cpu.features.physicalBits() == 0);
                m.mtrrPhys[index - Msr.IA32_MTRR_PHYSBASE0] = value;
            } else {
                check(cpu, eachByteIn(value, TYPES));
                m.mtrrFixed[fixedRange(index)] = value;
            }
            return;
        }
        switch (index) {
            case Msr.IA32_TSC -> {
                long difference = value - cpu.intercepts.tsc(cpu);
                cpu.tscBase += difference;
                m.tscAdjust += difference;
            }
            case Msr.IA32_TSC_ADJUST -> {
                need(cpu, Features.TSC_ADJUST);
                cpu.tscBase += value - m.tscAdjust;
                m.tscAdjust = value;
            }
            case Msr.IA32_APIC_BASE -> {
                long defined = Msr.APIC_BASE_BSP | Msr.APIC_BASE_EXTD | Msr.APIC_BASE_ENABLE | (1L << cpu.features.physicalBits()) - 1 & ~0xfffL;
                check(cpu, (value & ~defined) == 0);
                m.apicBase = value;
            }
            case Msr.IA32_SPEC_CTRL -> {
                need(cpu, Features.SPEC_CTRL);
                check(cpu, (value & ~SPEC_CTRL_DEFINED) == 0);
                m.specCtrl = value;
            }
            case Msr.IA32_PRED_CMD -> {
                need(cpu, Features.SPEC_CTRL);
                check(cpu, (value & ~PRED_CMD_DEFINED) == 0);
            }
            case Msr.IA32_MTRR_DEF_TYPE -> {
                need(cpu, Features.MTRR);
                check(cpu, (value & ~MTRR_DEFAULT_DEFINED) == 0 && (value & 0xff) < 8 && (TYPES >>> (int) (value & 0xff) & 1) != 0);
                m.mtrrDefType = value;
            }
            case Msr.IA32_PAT -> {
                need(cpu, Features.PAT);
                check(cpu, eachByteIn(value, PAT_TYPES));
                m.pat = value;
            }
            case Msr.IA32_MCG_STATUS -> {
                need(cpu, Features.MCA);
                check(cpu, value == 0);
                m.mcgStatus = value;
            }
            case Msr.IA32_SYSENTER_CS -> {
                need(cpu, Features.SEP);
                m.sysenterCs = value & LOW;
            }
            case Msr.IA32_SYSENTER_ESP -> {
                need(cpu, Features.SEP);
                check(cpu, Segments.canonical(value));
                m.sysenterEsp = value;
            }
            case Msr.IA32_SYSENTER_EIP -> {
                need(cpu, Features.SEP);
                check(cpu, Segments.canonical(value));
                m.sysenterEip = value;
            }
            case Msr.IA32_MISC_ENABLE -> m.miscEnable = value;
            case Msr.IA32_DEBUGCTL -> {
                check(cpu, (value & ~DEBUGCTL_DEFINED) == 0);
                m.debugctl = value;
            }
            case Msr.IA32_EFER -> writeEfer(cpu, value);
            case Msr.IA32_BIOS_SIGN_ID, Msr.IA32_BIOS_UPDT_TRIG, P5_MC_ADDR, P5_MC_TYPE, EBL_CR_POWERON -> { }
            default -> writeLong(cpu, index, value);
        }
    }

    private static void writeLong(Cpu cpu, int index, long value) {
        Msrs m = cpu.msrs;
        need(cpu, index == Msr.IA32_TSC_AUX ? Features.RDTSCP : Features.LONG_MODE);
        switch (index) {
            case Msr.IA32_STAR -> m.star = value;
            case Msr.IA32_FMASK -> m.sfmask = value & LOW;
            case Msr.IA32_TSC_AUX -> {
                check(cpu, value >>> 32 == 0);
                m.tscAux = value;
            }
            case Msr.IA32_LSTAR, Msr.IA32_CSTAR, Msr.IA32_KERNEL_GS_BASE, Msr.IA32_FS_BASE, Msr.IA32_GS_BASE -> {
                check(cpu, Segments.canonical(value));
                switch (index) {
                    case Msr.IA32_LSTAR -> m.lstar = value;
                    case Msr.IA32_CSTAR -> m.cstar = value;
                    case Msr.IA32_KERNEL_GS_BASE -> m.kernelGsBase = value;
                    default -> {
                        int register = index == Msr.IA32_FS_BASE ? FS : GS;
                        cpu.base[register] = value;
                        cpu.updateSegment(register);
                    }
                }
            }
            default -> throw cpu.protection(0);
        }
    }

    /** LMA follows LME and PG by itself; LME cannot change under paging (SDM 3A, 2.2.1 and 9.8.5). */
    private static void writeEfer(Cpu cpu, long value) {
        check(cpu, cpu.eferMask != 0 && (value & ~cpu.eferMask) == 0);
        long changed = value ^ cpu.efer;
        check(cpu, (changed & Efer.LME) == 0 || (cpu.cr0 & Cr0.PG) == 0);
        cpu.efer = value & ~Efer.LMA | cpu.efer & Efer.LMA;
        if ((changed & Efer.NXE) != 0) {
            cpu.mmu.pagingModeChanged();
        }
    }

    private static boolean eachByteIn(long value, int types) {
        for (int shift = 0; shift < 64; shift += 8) {
            long type = value >>> shift & 0xff;
            if (type > 7 || (types >>> (int) type & 1) == 0) {
                return false;
            }
        }
        return true;
    }
}
