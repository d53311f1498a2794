package proteus.silicon.system;

import static proteus.silicon.cpu.Cpu.CS;
import static proteus.silicon.cpu.Cpu.TR;

import proteus.api.silicon.ExitReason;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr3;
import proteus.x86.format.Cr4;
import proteus.x86.format.Efer;
import proteus.x86.format.PageTable;
import proteus.x86.format.SegmentDescriptor;

/** CR0, CR2, CR3, CR4, CR8, XCR0, and the TLB instructions (SDM 3A, 2.5, 4.4.1, 4.10.4; SDM vol. 2, MOV CRn). */
public final class ControlRegisters {
    private static final int MOV_TO = 0, CLTS = 2, LMSW = 3;
    private static final long LMSW_BITS = Cr0.PE | Cr0.MP | Cr0.EM | Cr0.TS;
    /** Changes of these reload the PDPTEs under PAE paging (SDM 3A, 4.4.1). */
    private static final long CR0_RELOADS = Cr0.PG | Cr0.CD | Cr0.NW, CR4_RELOADS = Cr4.PAE | Cr4.PGE | Cr4.PSE | Cr4.SMEP;
    /** Changes of these flush the TLB (SDM 3A, 4.10.4.1). */
    private static final long CR4_FLUSHES = Cr4.PSE | Cr4.PAE | Cr4.PGE | Cr4.PCIDE | Cr4.SMEP;
    private static final int RAX = 0, RCX = 1, RDX = 2;
    private static final long LOW = 0xffff_ffffL;

    private ControlRegisters() {}

    public static void register(HandlerTable t) {
        t.putEnding(Mnemonic.MOV_CR, ControlRegisters::move);
        t.putEnding(Mnemonic.CLTS, ControlRegisters::clts);
        t.putEnding(Mnemonic.LMSW, ControlRegisters::lmsw);
        t.put(Mnemonic.SMSW, ControlRegisters::smsw);
        t.putEnding(Mnemonic.INVLPG, ControlRegisters::invlpg);
        t.putEnding(Mnemonic.INVPCID, ControlRegisters::invpcid);
        t.put(Mnemonic.XGETBV, ControlRegisters::xgetbv);
        t.putEnding(Mnemonic.XSETBV, ControlRegisters::xsetbv);
    }

    private static void move(Cpu cpu, Op op) {
        boolean load = op.k0 == Instruction.CONTROL;
        int cr = load ? op.r0 : op.r1;
        int offset = load ? op.r1 : op.r0;
        if (cr != 0 && cr != 2 && cr != 3 && cr != 4 && cr != 8) {
            throw cpu.undefined();
        }
        Checks.ring0(cpu);
        if (load) {
            store(cpu, op, cr, offset >> 3, cpu.register(offset, cpu.code64() ? 64 : 32));
        } else {
            long value = cpu.intercepts.readCr(cpu, op, cr, offset >> 3);
            cpu.register(offset, cpu.code64() ? 64 : 32, value);
        }
    }

    private static void store(Cpu cpu, Op op, int cr, int gpr, long value) {
        switch (cr) {
            case 0 -> writeCr0(cpu, cpu.intercepts.writeCr(cpu, op, 0, MOV_TO, gpr, value));
            case 2 -> cpu.cr2 = value;
            case 3 -> writeCr3(cpu, cpu.intercepts.writeCr(cpu, op, 3, MOV_TO, gpr, value));
            case 4 -> writeCr4(cpu, cpu.intercepts.writeCr(cpu, op, 4, MOV_TO, gpr, value));
            default -> {
                long taken = cpu.intercepts.writeCr(cpu, op, 8, MOV_TO, gpr, value);
                if ((taken & ~0xfL) != 0) {
                    throw cpu.protection(0);
                }
                cpu.cr8 = taken;
            }
        }
    }

    // ---- CR0

    private static void writeCr0(Cpu cpu, long value) {
        if (value >>> 32 != 0 || (value & Cr0.PG) != 0 && (value & Cr0.PE) == 0 || (value & Cr0.NW) != 0 && (value & Cr0.CD) == 0) {
            throw cpu.protection(0);
        }
        long now = value & Cr0.DEFINED | Cr0.ET;
        long changed = now ^ cpu.cr0;
        long efer = cpu.efer;
        if ((changed & now & Cr0.PG) != 0 && (efer & Efer.LME) != 0) {
            // activates IA-32e mode (SDM 3A, 9.8.5)
            int tss = SegmentDescriptor.type(cpu.rights[TR]);
            boolean tss16 = (cpu.rights[TR] & SegmentDescriptor.UNUSABLE) == 0 && (tss == SegmentDescriptor.TSS16_BUSY || tss == SegmentDescriptor.TSS16_AVAILABLE);
            if ((cpu.cr4 & Cr4.PAE) == 0 || (cpu.rights[CS] & SegmentDescriptor.L) != 0 || tss16) {
                throw cpu.protection(0);
            }
            efer |= Efer.LMA;
        } else if ((changed & cpu.cr0 & Cr0.PG) != 0) {
            if (cpu.code64() || (cpu.cr4 & Cr4.PCIDE) != 0) {
                throw cpu.protection(0);
            }
            efer &= ~Efer.LMA;
        }
        if ((now & Cr0.PG) != 0 && (changed & CR0_RELOADS) != 0 && (cpu.cr4 & Cr4.PAE) != 0 && (efer & Efer.LMA) == 0) {
            loadPdptes(cpu, cpu.cr3);
        }
        cpu.cr0 = now;
        cpu.efer = efer;
        cpu.updateMode();
        // WP is part of the permissions that the TLB keeps
        if ((changed & (Cr0.PG | Cr0.PE | Cr0.WP)) != 0) {
            cpu.mmu.pagingModeChanged();
        }
    }

    /** The PDPTEs that go with a CR3 which a VMM has set, taken as they are. */
    public static void takePdptes(Cpu cpu) {
        if ((cpu.cr0 & Cr0.PG) != 0 && (cpu.cr4 & Cr4.PAE) != 0 && !cpu.longMode()) {
            for (int i = 0; i < cpu.pdpte.length; i++) {
                cpu.pdpte[i] = cpu.mmu.readPhysical64((cpu.cr3 & Cr3.ROOT_PAE) + 8L * i);
            }
        }
    }

    private static void clts(Cpu cpu, Op op) {
        Checks.ring0(cpu);
        cpu.cr0 = cpu.intercepts.writeCr(cpu, op, 0, CLTS, 0, cpu.cr0 & ~Cr0.TS);
    }

    private static void lmsw(Cpu cpu, Op op) {
        Checks.ring0(cpu);
        long source = cpu.readOperand(op, op.k0, op.r0, 16);
        int gpr = op.k0 == Instruction.MEMORY ? -1 : op.r0 >> 3;
        long taken = cpu.intercepts.writeCr(cpu, op, 0, LMSW, gpr, cpu.cr0 & ~0xffffL | source);
        // sets PE but cannot clear it
        writeCr0(cpu, cpu.cr0 & ~LMSW_BITS | taken & LMSW_BITS | cpu.cr0 & Cr0.PE);
    }

    private static void smsw(Cpu cpu, Op op) {
        Checks.umip(cpu);
        long value = cpu.intercepts.readCr(cpu, op, 0, -1);
        cpu.writeOperand(op, op.k0, op.r0, op.k0 == Instruction.MEMORY ? 16 : op.operandSize, value);
    }

    // ---- CR3

    private static void writeCr3(Cpu cpu, long value) {
        long root = value;
        boolean keep = false;
        if (cpu.longMode()) {
            keep = (cpu.cr4 & Cr4.PCIDE) != 0 && (value & Cr3.NO_FLUSH) != 0;
            root = keep ? value & ~Cr3.NO_FLUSH : value;
            if ((root & -(1L << cpu.features.physicalBits())) != 0) {
                throw cpu.protection(0);
            }
        } else {
            root &= LOW;
            if (pae(cpu)) {
                loadPdptes(cpu, root);
            }
        }
        cpu.mmu.loadCr3(root, keep);
    }

    /** CR3 from the TSS of a new task. */
    static void switchRoot(Cpu cpu, long root) {
        if (pae(cpu)) {
            loadPdptes(cpu, root);
        }
        cpu.mmu.loadCr3(root);
    }

    private static boolean pae(Cpu cpu) {
        return (cpu.cr0 & Cr0.PG) != 0 && (cpu.cr4 & Cr4.PAE) != 0 && !cpu.longMode();
    }

    /** Loads the four PDPTEs; reserved bits in a present one are #GP(0), and none is loaded. */
    static void loadPdptes(Cpu cpu, long cr3) {
        long table = cr3 & Cr3.ROOT_PAE;
        long reserved = PageTable.reservedPae(3, false, cpu.features.physicalBits(), true);
        long[] entries = new long[4];
        for (int i = 0; i < entries.length; i++) {
            entries[i] = cpu.mmu.readPhysical64(table + 8 * i);
            if ((entries[i] & PageTable.PRESENT) != 0 && (entries[i] & reserved) != 0) {
                throw cpu.protection(0);
            }
        }
        System.arraycopy(entries, 0, cpu.pdpte, 0, entries.length);
    }

    // ---- CR4

    private static void writeCr4(Cpu cpu, long value) {
        long changed = value ^ cpu.cr4;
        if ((value & ~cpu.cr4Mask) != 0 || cpu.longMode() && (value & Cr4.PAE) == 0) {
            throw cpu.protection(0);
        }
        if ((changed & value & Cr4.PCIDE) != 0 && (!cpu.longMode() || (cpu.cr3 & Cr3.PCID) != 0)) {
            throw cpu.protection(0);
        }
        if ((cpu.cr0 & Cr0.PG) != 0 && (value & Cr4.PAE) != 0 && !cpu.longMode() && (changed & CR4_RELOADS) != 0) {
            loadPdptes(cpu, cpu.cr3);
        }
        cpu.cr4 = value;
        if ((changed & CR4_FLUSHES) != 0) {
            cpu.mmu.pagingModeChanged();
        }
        cpu.mmu.selectAccess();
    }

    // ---- XCR0

    private static void checkXsave(Cpu cpu) {
        if ((cpu.cr4 & Cr4.OSXSAVE) == 0) {
            throw cpu.undefined();
        }
    }

    private static void xgetbv(Cpu cpu, Op op) {
        checkXsave(cpu);
        if (cpu.gpr32(RCX) != 0) {
            throw cpu.protection(0);
        }
        cpu.gpr(RAX, cpu.xcr0 & LOW);
        cpu.gpr(RDX, cpu.xcr0 >>> 32);
    }

    private static void xsetbv(Cpu cpu, Op op) {
        checkXsave(cpu);
        Checks.ring0(cpu);
        cpu.intercepts.instruction(cpu, op, ExitReason.XSETBV, 0);
        long value = cpu.gpr32(RDX) & LOW;
        value = value << 32 | cpu.gpr32(RAX) & LOW;
        boolean avxWithoutSse = (value & 6) == 4;
        if (cpu.gpr32(RCX) != 0 || (value & 1) == 0 || (value & ~cpu.xcr0Mask) != 0 || avxWithoutSse) {
            throw cpu.protection(0);
        }
        cpu.xcr0 = value;
    }

    // ---- the TLB

    private static void invlpg(Cpu cpu, Op op) {
        Checks.ring0(cpu);
        long gva = cpu.get(CpuLayout.SEG_BASE + 8 * op.segment) + cpu.effectiveAddress(op) & op.linearMask;
        cpu.intercepts.instruction(cpu, op, ExitReason.INVLPG, gva);
        // a non-canonical address does nothing (SDM vol. 2, INVLPG)
        if (Segments.canonical(gva)) {
            cpu.mmu.invalidatePage(gva);
        }
    }

    /** Types 0 one address, 1 one context, 2 all, 3 all but global. An address is forgotten in every context, which the manual allows. */
    private static void invpcid(Cpu cpu, Op op) {
        Checks.ring0(cpu);
        cpu.intercepts.instruction(cpu, op, ExitReason.INVPCID, op.displacement);
        long type = cpu.register(op.r0, cpu.code64() ? 64 : 32);
        long gva = cpu.readAddress(op, 16);
        long context = cpu.mmu.read64(gva);
        long address = cpu.mmu.read64(gva + 8 & op.linearMask);
        boolean contexts = (cpu.cr4 & Cr4.PCIDE) != 0;
        if (Long.compareUnsigned(type, 3) > 0 || (context & ~Cr3.PCID) != 0 || type < 2 && !contexts && context != 0
            || type == 0 && !Segments.canonical(address)) {
            throw cpu.protection(0);
        }
        switch ((int) type) {
            case 0 -> cpu.mmu.invalidatePage(address);
            case 1 -> cpu.mmu.flushContext((int) context);
            case 2 -> cpu.mmu.flushAll();
            default -> cpu.mmu.flushContexts();
        }
    }
}
