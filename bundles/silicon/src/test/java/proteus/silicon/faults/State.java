package proteus.silicon.faults;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Raw;
import proteus.silicon.mmu.ModelHostMemory;

/** All that a program can see of a processor and the regions, to compare and to go back to. */
final class State {
    private static final String[] SEGMENTS = {"ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR"};

    private final byte[] struct = new byte[CpuLayout.SIZE];
    private final byte[] memory = new byte[(int) (Region.PHYSICAL_END - Region.VECTORS.physical())];
    private final int[] selector;
    private final long[] base;
    private final long[] limit;
    private final int[] rights;
    private final long[] dr;
    private final long rflags, rip, gdtrBase, idtrBase, cr0, cr2, cr3, cr4, cr8, efer, pendingDebug, retired;
    private final int gdtrLimit, idtrLimit, cpl, interruptibility, activity;
    /** What went through ports. */
    final List<String> ports;

    State(Cpu cpu, ModelHostMemory host, List<String> ports) {
        Raw.copyOut(cpu.s, struct, 0, struct.length);
        host.read(Region.VECTORS.physical(), memory, 0, memory.length);
        selector = cpu.selector.clone();
        base = cpu.base.clone();
        limit = cpu.limit.clone();
        rights = cpu.rights.clone();
        dr = cpu.dr.clone();
        rflags = cpu.rflags();
        rip = cpu.rip();
        gdtrBase = cpu.gdtrBase;
        idtrBase = cpu.idtrBase;
        gdtrLimit = cpu.gdtrLimit;
        idtrLimit = cpu.idtrLimit;
        cr0 = cpu.cr0;
        cr2 = cpu.cr2;
        cr3 = cpu.cr3;
        cr4 = cpu.cr4;
        cr8 = cpu.cr8;
        efer = cpu.efer;
        cpl = cpu.cpl;
        interruptibility = cpu.interruptibility;
        activity = cpu.activity;
        pendingDebug = cpu.pendingDebug;
        retired = cpu.retired;
        this.ports = List.copyOf(ports);
    }

    /** Puts all of it back. */
    void restore(Cpu cpu, ModelHostMemory host, List<String> portLog) {
        Raw.copyIn(cpu.s, struct, 0, struct.length);
        int code = (int) (Region.CODE.physical() - Region.VECTORS.physical());
        // the code did not change: what is decoded of it may stay
        host.write(Region.VECTORS.physical(), memory, 0, code);
        System.arraycopy(selector, 0, cpu.selector, 0, 8);
        System.arraycopy(base, 0, cpu.base, 0, 8);
        System.arraycopy(limit, 0, cpu.limit, 0, 8);
        System.arraycopy(rights, 0, cpu.rights, 0, 8);
        System.arraycopy(dr, 0, cpu.dr, 0, 8);
        cpu.gdtrBase = gdtrBase;
        cpu.idtrBase = idtrBase;
        cpu.gdtrLimit = gdtrLimit;
        cpu.idtrLimit = idtrLimit;
        cpu.cr0 = cr0;
        cpu.cr2 = cr2;
        cpu.cr3 = cr3;
        cpu.cr4 = cr4;
        cpu.cr8 = cr8;
        cpu.efer = efer;
        cpu.cpl = cpl;
        cpu.interruptibility = interruptibility;
        cpu.activity = activity;
        cpu.pendingDebug = pendingDebug;
        cpu.retired = retired;
        cpu.unfinished = false;
        cpu.updateMode();
        cpu.mmu.flushAll();
        portLog.clear();
        portLog.addAll(ports);
    }

    void restoreLimits(Cpu cpu) {
        System.arraycopy(limit, 0, cpu.limit, 0, 8);
        cpu.gdtrLimit = gdtrLimit;
        cpu.idtrLimit = idtrLimit;
    }

    int selector(int register) {
        return selector[register];
    }

    long rflags() {
        return rflags;
    }

    long gpr(int register) {
        return longAt(CpuLayout.gpr(register));
    }

    private long longAt(int offset) {
        long value = 0;
        for (int i = 7; i >= 0; i--) {
            value = value << 8 | struct[offset + i] & 0xff;
        }
        return value;
    }

    /** Bytes of memory that a comparison passes over. */
    @FunctionalInterface
    interface Tolerance {
        boolean allows(Region region, int offset, int was, int is);
    }

    /** What is different in another state, in words; empty if nothing. */
    List<String> differences(State other, Tolerance tolerance) {
        List<String> all = new ArrayList<>();
        for (int offset = 0; offset < CpuLayout.xmm(16); offset += 8) { // behind them is scratch
            boolean derived = offset == CpuLayout.RIP || offset == CpuLayout.BLOCK_RIP || offset == CpuLayout.FLAG_RESULT || offset == CpuLayout.FLAG_AUX
                || offset == CpuLayout.FLAGS || offset >= CpuLayout.SEG_BASE && offset < CpuLayout.MXCSR;
            if (!derived) {
                String name = offset >= CpuLayout.XMM ? "XMM" + (offset - CpuLayout.XMM) / 32 + " " : "state+";
                compare(all, name + offset, longAt(offset), other.longAt(offset));
            }
        }
        for (int i = 0; i < 8; i++) {
            compare(all, SEGMENTS[i], selector[i], other.selector[i]);
            compare(all, SEGMENTS[i] + " base", base[i], other.base[i]);
            compare(all, SEGMENTS[i] + " limit", limit[i], other.limit[i]);
            compare(all, SEGMENTS[i] + " rights", rights[i], other.rights[i]);
            compare(all, "DR" + i, dr[i], other.dr[i]);
        }
        compare(all, "RFLAGS", rflags, other.rflags);
        compare(all, "RIP", rip, other.rip);
        compare(all, "GDTR", gdtrBase, other.gdtrBase);
        compare(all, "GDTR limit", gdtrLimit, other.gdtrLimit);
        compare(all, "IDTR", idtrBase, other.idtrBase);
        compare(all, "IDTR limit", idtrLimit, other.idtrLimit);
        compare(all, "CR0", cr0, other.cr0);
        compare(all, "CR2", cr2, other.cr2);
        compare(all, "CR3", cr3, other.cr3);
        compare(all, "CR4", cr4, other.cr4);
        compare(all, "CR8", cr8, other.cr8);
        compare(all, "EFER", efer, other.efer);
        compare(all, "CPL", cpl, other.cpl);
        compare(all, "interruptibility", interruptibility, other.interruptibility);
        compare(all, "activity", activity, other.activity);
        compare(all, "pending debug", pendingDebug, other.pendingDebug);
        compare(all, "retired", retired, other.retired);
        if (!ports.equals(other.ports)) {
            all.add("ports " + ports + " -> " + other.ports);
        }
        for (int at = Arrays.mismatch(memory, other.memory); at >= 0; ) {
            Region region = Region.values()[at / Region.BYTES];
            int offset = at % Region.BYTES;
            if (!tolerance.allows(region, offset, memory[at] & 0xff, other.memory[at] & 0xff)) {
                all.add("%s+0x%x %02x -> %02x".formatted(region, offset, memory[at], other.memory[at]));
                if (all.size() > 12) {
                    break;
                }
            }
            int more = Arrays.mismatch(memory, at + 1, memory.length, other.memory, at + 1, memory.length);
            at = more < 0 ? -1 : at + 1 + more;
        }
        return all;
    }

    private static void compare(List<String> all, String what, long was, long is) {
        if (was != is) {
            all.add("%s 0x%x -> 0x%x".formatted(what, was, is));
        }
    }
}
