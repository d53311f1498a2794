package proteus.cpu.full;

import proteus.api.cpu.CpuContext;
import proteus.api.memory.MemoryVirtualization;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.Processor;
import proteus.api.silicon.SegmentRegister;
import proteus.api.silicon.SiliconFeature;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.Efer;
import proteus.x86.format.Msr;
import proteus.x86.format.Rflags;
import proteus.x86.format.SegmentDescriptor;

/**
 * What the processor's registers hold: the guest's own state, while the VMM carries something out in its name, or a deprivileged
 * stand-in, while its code runs. General registers, the arithmetic flags, FPU state and most MSRs are the same in both.
 */
final class Deprivileging {
    /** Outfits of the guest. */
    enum Form {
        /** The registers are those the guest believes to have; only the VMM's emulator works on them. */
        VIRTUAL,
        /** The guest's own code in ring 3, as it stands. */
        USER,
        /** Translated code of the guest's kernel in ring 1, or 3 for a 64-bit kernel. */
        TRANSLATED,
        /** The guest's kernel in ring 1 or 3, as it stands: what translation is there to avoid. */
        UNTRANSLATED
    }

    /** Of CR0 and CR4 the guest's own bits count in every ring. */
    private static final long OWN_CR0 = Cr0.TS | Cr0.MP | Cr0.EM;

    private static final long OWN_CR4 = Cr4.DE | Cr4.PCE | Cr4.OSFXSR | Cr4.OSXMMEXCPT | Cr4.UMIP | Cr4.FSGSBASE | Cr4.OSXSAVE | Cr4.PKE;
    /** Where rings 0 to 2 differ from 3 these too; where the kernel is in ring 3 page tables are made so that they need not. */
    private static final long OWN_CR4_32 = OWN_CR4 | Cr4.PGE | Cr4.SMEP | Cr4.SMAP;

    private static final int[] DATA_SEGMENTS = {CpuRegisters.ES, CpuRegisters.DS, CpuRegisters.FS, CpuRegisters.GS};

    private final Processor processor;
    private final CpuRegisters registers;
    private final MemoryVirtualization memory;
    private final VirtualCpu guest;
    private final Monitor monitor;
    /** CR4.UMIP where there is such a thing: then users' SGDT, SIDT, SLDT, STR and SMSW trap too. */
    private final long umip;
    private Form form = Form.VIRTUAL;

    Deprivileging(CpuContext context, VirtualCpu guest, Monitor monitor) {
        this.processor = context.processor();
        this.registers = processor.registers();
        this.memory = context.memory();
        this.guest = guest;
        this.monitor = monitor;
        this.umip = context.silicon().features().contains(SiliconFeature.UMIP) ? Cr4.UMIP : 0;
    }

    Form form() {
        return form;
    }

    /** The guest's flags, whatever the form. */
    long rflags() {
        long real = registers.rflags();
        return switch (form) {
            case VIRTUAL -> real;
            case TRANSLATED -> real & ~VirtualCpu.RING0_FLAGS | monitor.flags();
            case USER, UNTRANSLATED -> real & ~VirtualCpu.RING0_FLAGS | guest.ring0Flags;
        };
    }

    /** Whether a segment of the guest's kernel can be given to ring 1 such that it means the same below the window. */
    boolean representable(boolean wide) {
        if (wide) {
            return true;
        }
        for (int i = CpuRegisters.ES; i <= CpuRegisters.GS; i++) {
            SegmentRegister segment = registers.segment(i);
            boolean expandDown = !segment.unusable() && (segment.rights() & (SegmentDescriptor.CODE | SegmentDescriptor.EXPAND_DOWN)) == SegmentDescriptor.EXPAND_DOWN;
            if (expandDown) {
                return false;
            }
        }
        return true;
    }

    /** From the guest's state to the stand-in. RIP is set by the caller if it is not the guest's. */
    void leaveVirtual(Form wanted) {
        boolean kernel = wanted != Form.USER;
        boolean wide = guest.longMode();
        for (int i = 0; i < guest.segments.length; i++) {
            guest.segments[i] = registers.segment(i);
        }
        guest.gdtrBase = registers.gdtrBase();
        guest.gdtrLimit = registers.gdtrLimit();
        guest.idtrBase = registers.idtrBase();
        guest.idtrLimit = registers.idtrLimit();
        guest.sysenterCs = registers.msr(Msr.IA32_SYSENTER_CS);
        long rflags = registers.rflags();
        guest.ring0Flags = rflags & VirtualCpu.RING0_FLAGS;
        if (wanted == Form.TRANSLATED) {
            monitor.flags(rflags);
        }
        registers.msr(Msr.IA32_SYSENTER_CS, 0);
        form = wanted;
        controls(kernel, wide);
        monitor.load(wide);
        segments(wanted, wide);
        if (!kernel) {
            monitor.shadowDescriptors(guest.gdtrBase, guest.gdtrLimit, wide);
        }
        // A user's PUSHF shows the real IF. It cannot change it, and what calls the VMM is not masked by it.
        registers.rflags(rflags & ~VirtualCpu.RING0_FLAGS | (kernel ? Rflags.IF : rflags & Rflags.IF));
        boolean ring3 = kernel && wide;
        if (ring3 != guest.supervisorInRing3) {
            guest.supervisorInRing3 = ring3;
            memory.onPrivilegeChange(processor);
        }
    }

    /** CR0, CR4 and EFER as {@link MemoryVirtualization} asks for them, with what of the guest's counts outside ring 0. */
    private void controls(boolean kernel, boolean wide) {
        long own0 = wide && kernel ? OWN_CR0 : OWN_CR0 | Cr0.AM;
        boolean changed = set(0, Cr0.PE | Cr0.PG | Cr0.WP | Cr0.NE | Cr0.ET | guest.cr0() & own0);
        long own4 = wide ? OWN_CR4 : guest.paging() ? OWN_CR4_32 : OWN_CR4;
        changed |= set(4, Cr4.PAE | Cr4.TSD | umip | guest.cr4() & own4);
        long efer = Efer.NXE | (wide ? Efer.LME | Efer.LMA : 0);
        if (registers.msr(Msr.IA32_EFER) != efer) {
            registers.msr(Msr.IA32_EFER, efer);
            changed = true;
        }
        if (changed && !wide) {
            // The PDPTEs that go with the root are taken if they count.
            registers.cr(3, registers.cr(3));
        }
    }

    private boolean set(int cr, long value) {
        boolean differs = registers.cr(cr) != value;
        if (differs) {
            registers.cr(cr, value);
        }
        return differs;
    }

    private void segments(Form wanted, boolean wide) {
        for (int i : DATA_SEGMENTS) {
            put(i, wide ? guest.segments[i] : truncated(guest.segments[i]));
        }
        SegmentRegister stack = guest.segments[CpuRegisters.SS];
        switch (wanted) {
            case TRANSLATED -> {
                put(CpuRegisters.CS, wide ? Monitor.CODE64 : Monitor.CODE32);
                put(CpuRegisters.SS, wide ? Monitor.DATA3 : truncated(stack));
                if (!wide) {
                    put(CpuRegisters.GS, Monitor.DATA);
                }
            }
            case UNTRANSLATED -> {
                SegmentRegister code = guest.code();
                put(CpuRegisters.CS, wide ? level(code, 3) : truncated(code));
                put(CpuRegisters.SS, wide ? level(stack.unusable() ? Monitor.DATA3 : stack, 3) : truncated(stack));
            }
            default -> {
                put(CpuRegisters.CS, wide ? guest.code() : truncated(guest.code()));
                put(CpuRegisters.SS, wide ? stack : truncated(stack));
            }
        }
    }

    private void put(int register, SegmentRegister value) {
        if (!registers.segment(register).equals(value)) {
            registers.segment(register, value);
        }
    }

    private static SegmentRegister level(SegmentRegister segment, int dpl) {
        int rights = segment.rights() & ~SegmentDescriptor.DPL | dpl << SegmentDescriptor.DPL_SHIFT;
        return new SegmentRegister(segment.selector() & ~3 | dpl, segment.base(), segment.limit(), rights);
    }

    /** Ring 0 becomes ring 1, and nothing reaches into the window. */
    private static SegmentRegister truncated(SegmentRegister segment) {
        SegmentRegister outer = segment.dpl() == 0 && !segment.unusable() ? level(segment, 1) : segment;
        if (outer.unusable() || outer.base() + outer.limit() < Monitor.END) {
            return outer;
        }
        if (outer.base() >= Monitor.END - 0x1000) {
            return new SegmentRegister(outer.selector(), outer.base(), 0, outer.rights() | SegmentRegister.UNUSABLE);
        }
        return new SegmentRegister(outer.selector(), outer.base(), Monitor.truncated(outer.base()), outer.rights());
    }

    /** Back to the guest's state, which goes on at an address of its own. */
    void enterVirtual(long rip) {
        if (form == Form.VIRTUAL) {
            registers.rip(rip);
            return;
        }
        long rflags = rflags();
        boolean wide = guest.longMode();
        if (form == Form.TRANSLATED) {
            if (wide) {
                keepBases();
            }
        } else {
            adoptSegments(wide);
        }
        form = Form.VIRTUAL;
        registers.gdtr(guest.gdtrBase, guest.gdtrLimit);
        registers.idtr(guest.idtrBase, guest.idtrLimit);
        registers.msr(Msr.IA32_SYSENTER_CS, guest.sysenterCs);
        for (int i = 0; i < guest.segments.length; i++) {
            put(i, guest.segments[i]);
        }
        registers.rflags(rflags);
        registers.rip(rip);
    }

    /** WRFSBASE and WRGSBASE do not trap. */
    private void keepBases() {
        for (int i : new int[] {CpuRegisters.FS, CpuRegisters.GS}) {
            SegmentRegister real = registers.segment(i);
            SegmentRegister own = guest.segments[i];
            if (real.base() != own.base()) {
                guest.segments[i] = new SegmentRegister(own.selector(), real.base(), own.limit(), own.rights());
            }
        }
    }

    /** Code that runs as it stands may have loaded segment registers from the descriptors it is given. */
    private void adoptSegments(boolean wide) {
        for (int i = CpuRegisters.ES; i <= CpuRegisters.GS; i++) {
            SegmentRegister real = registers.segment(i);
            SegmentRegister own = guest.segments[i];
            boolean same = real.selector() == own.selector() || form == Form.UNTRANSLATED && (real.selector() & ~3) == (own.selector() & ~3);
            if (!same) {
                boolean cut = !wide && !real.unusable() && real.limit() == Monitor.truncated(real.base());
                guest.segments[i] = cut ? new SegmentRegister(real.selector(), real.base(), 0xffffffffL, real.rights()) : real;
            }
        }
        if (wide) {
            keepBases();
        }
    }
}
