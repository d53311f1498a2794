package proteus.cpu.hwassist;

import proteus.api.cpu.CpuContext;
import proteus.api.memory.GuestMemory;
import proteus.api.memory.GuestMemoryException;
import proteus.api.memory.MemoryMap;
import proteus.api.memory.MemoryRegion;
import proteus.api.memory.MemoryVirtualization;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.GuestPaging;
import proteus.api.silicon.Processor;
import proteus.api.silicon.Vmcs;
import proteus.api.silicon.VmcsField;
import proteus.api.silicon.VmxControls;
import proteus.api.state.ArchState;
import proteus.x86.format.CpuidBits;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.Efer;
import proteus.x86.format.PageTable;

/**
 * CR0, CR4 and EFER as the guest sees them, over what VMX operation demands of the real ones (SDM 3C 24.8: CR0.NE and
 * CR4.VMXE are 1). Bits that only the guest cares for are its own; the others exit and are checked here as SDM 2B, MOV to
 * control registers, says. Setters return false for a #GP.
 *
 * <p>With shadow page tables all that concerns paging is kept here, and the processor has what {@link MemoryVirtualization} says:
 * paging on, in the format of the shadow (KVM: vmx_set_cr0, vmx_set_cr4 and update_transition_efer without EPT).
 */
final class ControlRegisters implements GuestPaging {
    /** Bits the guest may change without an exit: they switch no mode. */
    private static final long GUEST_CR0 = Cr0.TS | Cr0.MP | Cr0.EM | Cr0.WP | Cr0.AM;

    private static final long GUEST_CR4 =
            Cr4.PVI | Cr4.DE | Cr4.PCE | Cr4.OSFXSR | Cr4.OSXMMEXCPT | Cr4.PGE | Cr4.TSD | Cr4.FSGSBASE;

    /** With shadow page tables these switch a mode after all: the shadow depends on WP, and a change of PGE flushes. */
    private static final long SHADOWED_CR0 = Cr0.WP;

    private static final long SHADOWED_CR4 = Cr4.PGE;

    /** Without paging none of these means anything to the guest, while the processor pages. */
    private static final long PAGED_ONLY_CR4 = Cr4.SMEP | Cr4.SMAP | Cr4.PKE;

    private static final int CS_LONG = 1 << 13;

    /** PAE paging's four entries are reloaded when one of these changes (SDM 3A 4.4.1). */
    private static final long PDPTE_CR0 = Cr0.CD | Cr0.NW | Cr0.PG;

    private static final long PDPTE_CR4 = Cr4.PAE | Cr4.PGE | Cr4.PSE | Cr4.SMEP;

    private final Processor processor;
    private final CpuRegisters registers;
    private final Vmcs vmcs;
    private final CpuContext context;
    private final long supportedCr4;
    private final long supportedEfer;
    private final long cr0Mask;
    private final long cr4Mask;
    private final int physicalBits;
    private final MemoryVirtualization memory;
    private final MemoryMap map;
    /** The hardware walks a shadow of the guest's tables: the guest's own CR3, EFER and PDPTEs are the fields below. */
    private final boolean shadowed;

    private long shadowedCr3;
    private long shadowedEfer;
    private final long[] shadowedPdptes = new long[4];
    private final EnterableSegments segments;
    /** The processor can be entered until the guest changes between real and protected mode. */
    private boolean settled;

    ControlRegisters(CpuContext context) {
        this.context = context;
        this.processor = context.processor();
        this.registers = processor.registers();
        this.vmcs = processor.vmcs();
        this.supportedCr4 = supportedCr4();
        this.supportedEfer = supportedEfer();
        this.physicalBits = guestPhysicalBits();
        this.memory = context.memory();
        this.map = context.guestMemory().map();
        this.shadowed = !memory.nested();
        this.segments = new EnterableSegments(vmcs);
        this.settled = !shadowed;
        this.cr0Mask = ~GUEST_CR0 | (shadowed ? SHADOWED_CR0 : 0);
        this.cr4Mask = ~(GUEST_CR4 & supportedCr4) | (shadowed ? SHADOWED_CR4 : 0);
        processor.emulatorPaging(shadowed ? this : null);
        vmcs.write(VmcsField.CR0_GUEST_HOST_MASK, cr0Mask);
        vmcs.write(VmcsField.CR4_GUEST_HOST_MASK, cr4Mask);
    }

    private long supportedCr4() {
        int[] one = context.contract().cpuid(1, 0);
        int[] seven = context.contract().cpuid(7, 0);
        int ecx = one[2];
        int edx = one[3];
        return Cr4.PCE
                | when(edx, CpuidBits.EDX1_VME, Cr4.VME | Cr4.PVI)
                | when(edx, CpuidBits.EDX1_TSC, Cr4.TSD)
                | when(edx, CpuidBits.EDX1_DE, Cr4.DE)
                | when(edx, CpuidBits.EDX1_PSE, Cr4.PSE)
                | when(edx, CpuidBits.EDX1_PAE, Cr4.PAE)
                | when(edx, CpuidBits.EDX1_MCE, Cr4.MCE)
                | when(edx, CpuidBits.EDX1_PGE, Cr4.PGE)
                | when(edx, CpuidBits.EDX1_FXSR, Cr4.OSFXSR)
                | when(edx, CpuidBits.EDX1_SSE, Cr4.OSXMMEXCPT)
                | when(ecx, CpuidBits.ECX1_PCID, Cr4.PCIDE)
                | when(ecx, CpuidBits.ECX1_XSAVE, Cr4.OSXSAVE)
                | when(seven[1], CpuidBits.EBX7_FSGSBASE, Cr4.FSGSBASE)
                | when(seven[1], CpuidBits.EBX7_SMEP, Cr4.SMEP)
                | when(seven[1], CpuidBits.EBX7_SMAP, Cr4.SMAP)
                | when(seven[2], CpuidBits.ECX7_UMIP, Cr4.UMIP)
                | when(seven[2], CpuidBits.ECX7_PKU, Cr4.PKE)
                | when(seven[2], CpuidBits.ECX7_LA57, Cr4.LA57);
    }

    private long supportedEfer() {
        int edx = context.contract().cpuid(0x8000_0001, 0)[3];
        return when(edx, CpuidBits.EDX80000001_SYSCALL, Efer.SCE)
                | when(edx, CpuidBits.EDX80000001_NX, Efer.NXE)
                | when(edx, CpuidBits.EDX80000001_LM, Efer.LME | Efer.LMA);
    }

    private int guestPhysicalBits() {
        int bits = context.contract().cpuid(0x8000_0008, 0)[0] & 0xff;
        return bits == 0 ? 36 : bits;
    }

    private static long when(int features, int feature, long bits) {
        return (features & feature) != 0 ? bits : 0;
    }

    @Override
    public int physicalBits() {
        return physicalBits;
    }

    /** CR0 as MOV from CR0 reads it (SDM 3C 26.3). */
    @Override
    public long cr0() {
        return seen(VmcsField.GUEST_CR0, cr0Mask, VmcsField.CR0_READ_SHADOW);
    }

    @Override
    public long cr3() {
        return shadowed ? shadowedCr3 : vmcs.read(VmcsField.GUEST_CR3);
    }

    @Override
    public long cr4() {
        return seen(VmcsField.GUEST_CR4, cr4Mask, VmcsField.CR4_READ_SHADOW);
    }

    private long seen(int real, long mask, int shadow) {
        return vmcs.read(real) & ~mask | vmcs.read(shadow) & mask;
    }

    @Override
    public long efer() {
        return shadowed ? shadowedEfer : vmcs.read(VmcsField.GUEST_IA32_EFER);
    }

    @Override
    public long pdpte(int index) {
        return shadowed ? shadowedPdptes[index] : vmcs.read(VmcsField.GUEST_PDPTE0 + 2 * index);
    }

    @Override
    public long hpa(long gpa) {
        return map.hpa(gpa);
    }

    @Override
    public long hpaToWrite(long gpa) {
        return map.ownHpa(gpa);
    }

    @Override
    public boolean writable(long gpa) {
        return map.owned(gpa) && !memory.traced(gpa);
    }

    @Override
    public void taskSwitched(long cr0, long cr3) {
        writeCr0(cr0);
        writeCr3(cr3);
        if (paePaging(cr0)) {
            // The emulator has checked them by loading them.
            loadPdptes(cr3);
        }
        modeChanged();
    }

    /**
     * Whether the guest can run in the processor. Real mode needs unrestricted guest, and that needs EPT (SDM 3C 27.2.1.1); unpaged
     * protected mode has a shadow.
     */
    boolean enterable() {
        if (!settled) {
            settled = (cr0() & Cr0.PE) != 0 && segments.valid();
        }
        return settled;
    }

    private boolean paePaging(long cr0) {
        return (cr0 & Cr0.PG) != 0 && (cr4() & Cr4.PAE) != 0 && (efer() & Efer.LMA) == 0;
    }

    boolean cr0(long value) {
        long old = cr0();
        if (value >>> 32 != 0
                || (value & (Cr0.PG | Cr0.PE)) == Cr0.PG
                || (value & (Cr0.NW | Cr0.CD)) == Cr0.NW) {
            return false;
        }
        long wanted = value & Cr0.DEFINED | Cr0.ET;
        long efer = efer();
        boolean codeIsLong = (vmcs.read(VmcsField.GUEST_CS_ACCESS_RIGHTS) & CS_LONG) != 0;
        if ((wanted & ~old & Cr0.PG) != 0 && (efer & Efer.LME) != 0) {
            if ((cr4() & Cr4.PAE) == 0 || codeIsLong) {
                return false;
            }
            efer |= Efer.LMA;
        } else if ((old & ~wanted & Cr0.PG) != 0) {
            if ((efer & Efer.LMA) != 0 && codeIsLong || (cr4() & Cr4.PCIDE) != 0) {
                return false;
            }
            efer &= ~Efer.LMA;
        }
        boolean pae = (wanted & Cr0.PG) != 0 && (cr4() & Cr4.PAE) != 0 && (efer & Efer.LMA) == 0;
        if (pae && ((old ^ wanted) & PDPTE_CR0) != 0 && !loadPdptes(cr3())) {
            return false;
        }
        writeCr0(wanted);
        settled &= !shadowed || ((old ^ wanted) & Cr0.PE) == 0;
        if (efer != efer()) {
            writeEfer(efer);
        }
        if (((old ^ wanted) & (Cr0.PG | Cr0.PE | Cr0.WP)) != 0) {
            processor.invalidateTlb();
        }
        if (shadowed && ((old ^ wanted) & Cr0.PG) != 0) {
            writeCr4(cr4());
        }
        modeChanged();
        return true;
    }

    /** LMSW: the low four bits; it cannot clear PE (SDM 2A, LMSW). */
    boolean lmsw(int source) {
        long old = cr0();
        return cr0(old & ~(Cr0.MP | Cr0.EM | Cr0.TS) | source & (Cr0.PE | Cr0.MP | Cr0.EM | Cr0.TS));
    }

    void clearTaskSwitched() {
        writeCr0(cr0() & ~Cr0.TS);
    }

    boolean cr3(long value) {
        long old = cr3();
        boolean keep = (cr4() & Cr4.PCIDE) != 0 && value < 0;
        long wanted = (cr4() & Cr4.PCIDE) != 0 ? value & ~(1L << 63) : value;
        boolean longMode = (efer() & Efer.LMA) != 0;
        if (longMode && (wanted & -(1L << physicalBits)) != 0) {
            return false;
        }
        boolean pae = (cr0() & Cr0.PG) != 0 && (cr4() & Cr4.PAE) != 0 && !longMode;
        if (pae && !loadPdptes(wanted)) {
            return false;
        }
        writeCr3(wanted);
        if (!shadowed && (!keep || old != wanted)) {
            processor.invalidateTlb();
        }
        modeChanged();
        return true;
    }

    boolean cr4(long value) {
        long old = cr4();
        long efer = efer();
        long changed = old ^ value;
        if ((value & ~supportedCr4) != 0
                || (efer & Efer.LMA) != 0 && ((value & Cr4.PAE) == 0 || (changed & Cr4.LA57) != 0)
                || (value & ~old & Cr4.PCIDE) != 0 && ((efer & Efer.LMA) == 0 || (cr3() & 0xfff) != 0)) {
            return false;
        }
        boolean pae = (cr0() & Cr0.PG) != 0 && (value & Cr4.PAE) != 0 && (efer & Efer.LMA) == 0;
        if (pae && (changed & PDPTE_CR4) != 0 && !loadPdptes(cr3())) {
            return false;
        }
        writeCr4(value);
        if ((changed & (Cr4.PSE | Cr4.PAE | Cr4.PGE | Cr4.PCIDE | Cr4.SMEP | Cr4.SMAP | Cr4.LA57)) != 0) {
            processor.invalidateTlb();
        }
        modeChanged();
        return true;
    }

    /** WRMSR to IA32_EFER; LMA is the processor's own and ignored (SDM 3A 2.2.1). */
    boolean efer(long value) {
        long old = efer();
        if ((value & ~supportedEfer) != 0 || ((old ^ value) & Efer.LME) != 0 && (cr0() & Cr0.PG) != 0) {
            return false;
        }
        writeEfer(value & ~Efer.LMA | old & Efer.LMA);
        if (((old ^ value) & Efer.NXE) != 0) {
            processor.invalidateTlb();
        }
        modeChanged();
        return true;
    }

    private void modeChanged() {
        if (shadowed) {
            memory.onPagingModeChange(processor, this);
        }
    }

    private void writeCr0(long seen) {
        vmcs.write(VmcsField.GUEST_CR0, seen | Cr0.NE | (shadowed ? Cr0.PE | Cr0.PG | Cr0.WP : 0));
        vmcs.write(VmcsField.CR0_READ_SHADOW, seen);
    }

    private void writeCr3(long value) {
        if (shadowed) {
            shadowedCr3 = value;
        } else {
            vmcs.write(VmcsField.GUEST_CR3, value);
        }
    }

    private void writeCr4(long seen) {
        long real = seen | Cr4.VMXE;
        if (shadowed) {
            real = (real | Cr4.PAE) & ~Cr4.PCIDE & ~((cr0() & Cr0.PG) == 0 ? PAGED_ONLY_CR4 : 0);
        }
        vmcs.write(VmcsField.GUEST_CR4, real);
        vmcs.write(VmcsField.CR4_READ_SHADOW, seen);
    }

    /** The entry control must agree with LMA (SDM 3C 27.3.1.1); while the processor pages, so must LME. */
    private void writeEfer(long value) {
        long real = value;
        if (shadowed) {
            shadowedEfer = value;
            real = value & ~Efer.LME | Efer.NXE | ((value & Efer.LMA) != 0 ? Efer.LME : 0);
        }
        vmcs.write(VmcsField.GUEST_IA32_EFER, real);
        long entry = vmcs.read(VmcsField.VM_ENTRY_CONTROLS);
        long wanted = (value & Efer.LMA) != 0
                ? entry | VmxControls.ENTRY_IA32E_MODE_GUEST
                : entry & ~(long) VmxControls.ENTRY_IA32E_MODE_GUEST;
        if (wanted != entry) {
            vmcs.write(VmcsField.VM_ENTRY_CONTROLS, wanted);
        }
    }

    /** What VMX operation adds to the guest's CR0 and CR4 before its state is loaded into the processor. */
    static long realCr0(long seen) {
        return seen | Cr0.NE;
    }

    static long realCr4(long seen) {
        return seen | Cr4.VMXE;
    }

    /** After the guest's state was loaded as a whole. */
    void adopt(ArchState.Control state, long efer) {
        settled = !shadowed;
        writeCr0(state.cr0());
        writeCr3(state.cr3());
        writeCr4(state.cr4());
        writeEfer(efer);
        System.arraycopy(state.pdptes(), 0, shadowedPdptes, 0, shadowedPdptes.length);
        modeChanged();
    }

    private boolean loadPdptes(long cr3) {
        GuestMemory memory = context.guestMemory();
        long[] entries = new long[4];
        try {
            for (int i = 0; i < 4; i++) {
                entries[i] = memory.read64((cr3 & 0xffff_ffe0L) + 8L * i);
                if ((entries[i] & PageTable.PRESENT) != 0 && (entries[i] & PageTable.reservedPae(3, false, physicalBits, true)) != 0) {
                    return false;
                }
            }
        } catch (GuestMemoryException e) {
            // Tables outside memory read as all ones on the bus of a PC, with reserved bits set.
            return false;
        }
        if (shadowed) {
            System.arraycopy(entries, 0, shadowedPdptes, 0, entries.length);
            return true;
        }
        vmcs.write(VmcsField.GUEST_PDPTE0, entries[0]);
        vmcs.write(VmcsField.GUEST_PDPTE1, entries[1]);
        vmcs.write(VmcsField.GUEST_PDPTE2, entries[2]);
        vmcs.write(VmcsField.GUEST_PDPTE3, entries[3]);
        return true;
    }
}
