package proteus.silicon.processor;

import java.util.List;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.SegmentRegister;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Msrs;
import proteus.silicon.system.ControlRegisters;
import proteus.silicon.system.ModelSpecificRegisters;
import proteus.x86.format.Cr0;
import proteus.x86.format.Msr;

/** The live registers of a modelled processor. */
final class RegisterView implements CpuRegisters {
    /** The MSRs that are state a guest can see, for export. */
    static final List<Integer> STATE_MSRS = stateMsrs();
    private static final int EFER = 0xc0000080;

    private final Cpu cpu;

    RegisterView(Cpu cpu) {
        this.cpu = cpu;
    }

    private static List<Integer> stateMsrs() {
        List<Integer> all = new java.util.ArrayList<>(List.of(EFER, 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, 0xc0000102, 0xc0000103, 0x174, 0x175, 0x176,
            0x277, 0x1a0, 0x1d9, 0x1b, 0x2ff, 0x3b, 0x48));
        for (int i = 0; i < 16; i++) {
            all.add(0x200 + i);
        }
        all.addAll(List.of(0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f));
        return List.copyOf(all);
    }

    @Override
    public long gpr(int register) {
        return cpu.gpr(register);
    }

    @Override
    public void gpr(int register, long value) {
        cpu.gpr(register, value);
    }

    @Override
    public long rip() {
        return cpu.rip();
    }

    @Override
    public void rip(long value) {
        cpu.rip(value);
    }

    @Override
    public long rflags() {
        return cpu.rflags();
    }

    @Override
    public void rflags(long value) {
        cpu.rflags(value);
    }

    @Override
    public SegmentRegister segment(int register) {
        return new SegmentRegister(cpu.selector[register], cpu.base[register], cpu.limit[register], cpu.rights[register]);
    }

    @Override
    public void segment(int register, SegmentRegister value) {
        cpu.selector[register] = value.selector();
        cpu.base[register] = value.base();
        cpu.limit[register] = value.limit();
        cpu.rights[register] = value.rights();
        if (register == SS) {
            cpu.setCpl(value.dpl());
        }
        cpu.updateMode();
    }

    @Override
    public long gdtrBase() {
        return cpu.gdtrBase;
    }

    @Override
    public int gdtrLimit() {
        return cpu.gdtrLimit;
    }

    @Override
    public void gdtr(long base, int limit) {
        cpu.gdtrBase = base;
        cpu.gdtrLimit = limit & 0xffff;
    }

    @Override
    public long idtrBase() {
        return cpu.idtrBase;
    }

    @Override
    public int idtrLimit() {
        return cpu.idtrLimit;
    }

    @Override
    public void idtr(long base, int limit) {
        cpu.idtrBase = base;
        cpu.idtrLimit = limit & 0xffff;
    }

    @Override
    public long cr(int register) {
        return switch (register) {
            case 0 -> cpu.cr0;
            case 2 -> cpu.cr2;
            case 3 -> cpu.cr3;
            case 4 -> cpu.cr4;
            case 8 -> cpu.cr8;
            default -> throw new IllegalArgumentException("there is no CR" + register);
        };
    }

    @Override
    public void cr(int register, long value) {
        long changed = cr(register) ^ value;
        switch (register) {
            case 0 -> cpu.cr0 = value;
            case 2 -> cpu.cr2 = value;
            case 3 -> {
                cpu.mmu.loadCr3(value);
                ControlRegisters.takePdptes(cpu);
                return;
            }
            case 4 -> cpu.cr4 = value;
            case 8 -> cpu.cr8 = value;
            default -> throw new IllegalArgumentException("there is no CR" + register);
        }
        if (register == 0 && (changed & (Cr0.PG | Cr0.PE | Cr0.WP)) != 0 || register == 4 && changed != 0) {
            cpu.updateMode();
            cpu.mmu.pagingModeChanged();
        } else if (register == 0) {
            cpu.mmu.selectAccess();
        }
    }

    @Override
    public long dr(int register) {
        return cpu.dr[register];
    }

    @Override
    public void dr(int register, long value) {
        cpu.dr[register] = value;
        if (register == 7) {
            cpu.mmu.selectAccess();
        }
    }

    @Override
    public long msr(int index) {
        Msrs m = cpu.msrs;
        if (index >= 0x200 && index < 0x210) {
            return m.mtrrPhys[index - 0x200];
        }
        int fixed = fixedMtrr(index);
        if (fixed >= 0) {
            return m.mtrrFixed[fixed];
        }
        return switch (index) {
            case EFER -> cpu.efer;
            case 0xc0000081 -> m.star;
            case 0xc0000082 -> m.lstar;
            case 0xc0000083 -> m.cstar;
            case 0xc0000084 -> m.sfmask;
            case 0xc0000100 -> cpu.base[FS];
            case 0xc0000101 -> cpu.base[GS];
            case 0xc0000102 -> m.kernelGsBase;
            case 0xc0000103 -> m.tscAux;
            case 0x10 -> cpu.tsc();
            case 0x174 -> m.sysenterCs;
            case 0x175 -> m.sysenterEsp;
            case 0x176 -> m.sysenterEip;
            case 0x277 -> m.pat;
            case 0x1a0 -> m.miscEnable;
            case 0x1d9 -> m.debugctl;
            case 0x1b -> m.apicBase;
            case 0x2ff -> m.mtrrDefType;
            case 0x3b -> m.tscAdjust;
            case 0x48 -> m.specCtrl;
            case 0x3a -> m.featureControl;
            case Msr.IA32_ARCH_CAPABILITIES -> ModelSpecificRegisters.ARCH_CAPABILITIES;
            default -> 0;
        };
    }

    @Override
    public void msr(int index, long value) {
        Msrs m = cpu.msrs;
        if (index >= 0x200 && index < 0x210) {
            m.mtrrPhys[index - 0x200] = value;
            return;
        }
        int fixed = fixedMtrr(index);
        if (fixed >= 0) {
            m.mtrrFixed[fixed] = value;
            return;
        }
        switch (index) {
            case EFER -> {
                cpu.efer = value;
                cpu.updateMode();
                cpu.mmu.pagingModeChanged();
            }
            case 0xc0000081 -> m.star = value;
            case 0xc0000082 -> m.lstar = value;
            case 0xc0000083 -> m.cstar = value;
            case 0xc0000084 -> m.sfmask = value;
            case 0xc0000100 -> base(FS, value);
            case 0xc0000101 -> base(GS, value);
            case 0xc0000102 -> m.kernelGsBase = value;
            case 0xc0000103 -> m.tscAux = value;
            case 0x10 -> cpu.tscBase += value - cpu.tsc();
            case 0x174 -> m.sysenterCs = value;
            case 0x175 -> m.sysenterEsp = value;
            case 0x176 -> m.sysenterEip = value;
            case 0x277 -> m.pat = value;
            case 0x1a0 -> m.miscEnable = value;
            case 0x1d9 -> m.debugctl = value;
            case 0x1b -> m.apicBase = value;
            case 0x2ff -> m.mtrrDefType = value;
            case 0x3b -> m.tscAdjust = value;
            case 0x48 -> m.specCtrl = value;
            case 0x3a -> m.featureControl = value;
            default -> { }
        }
    }

    private void base(int segment, long value) {
        cpu.base[segment] = value;
        cpu.updateMode();
    }

    private static int fixedMtrr(int index) {
        return switch (index) {
            case 0x250 -> 0;
            case 0x258, 0x259 -> index - 0x257;
            default -> index >= 0x268 && index <= 0x26f ? index - 0x265 : -1;
        };
    }

    @Override
    public long xcr0() {
        return cpu.xcr0;
    }

    @Override
    public int interruptibility() {
        return cpu.interruptibility;
    }

    @Override
    public void interruptibility(int blocking) {
        cpu.interruptibility = blocking;
    }

    @Override
    public int cpl() {
        return cpu.cpl;
    }

    @Override
    public int codeSize() {
        return cpu.codeSize;
    }

    @Override
    public long[] xmm(int register) {
        return new long[] {cpu.get(CpuLayout.xmm(register)), cpu.get(CpuLayout.xmm(register) + 8)};
    }
}
