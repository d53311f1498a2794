package proteus.silicon.mmu;

import java.util.List;
import java.util.function.LongConsumer;
import proteus.api.event.CountedEvent;
import proteus.api.silicon.MachineBus;
import proteus.api.silicon.WalkReport;
import proteus.api.silicon.WalkReport.Step;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.Raw;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr3;
import proteus.x86.format.Cr4;
import proteus.x86.format.DebugRegister;
import proteus.x86.format.Ept;
import proteus.x86.format.PageTable;

/**
 * The memory unit of one processor: fast accesses that the TLB vouches for, and the slow path for everything else (misses,
 * page crossings, code pages, device registers, alignment checks). Faults are thrown before anything is written.
 */
public final class Mmu implements AutoCloseable {
    /** Physical addresses as the processor puts them out, to host memory: identity, unless a machine maps its memory elsewhere. */
    @FunctionalInterface
    public interface PhysicalMap {
        /** The host-physical address, or -1 where there is no memory. */
        long hpa(long physical);

        /** The same for what is about to be written. */
        default long hpaToWrite(long physical) {
            return hpa(physical);
        }

        /** Whether writes there go to memory; else they go where device accesses go. */
        default boolean writable(long physical) {
            return true;
        }
    }

    private static final int PCID_BITS = 12;

    /** Changes whenever a cached translation may have become wrong; caches of code by linear address check it. */
    public int epoch;
    /** The same without what concerns one page, which {@link #pageWatcher} is told of. */
    public int flushEpoch;
    /** The same for translations of global pages, which a load of CR3 leaves alone. */
    public int globalEpoch;
    /** Told of the linear address of each page that is invalidated alone. */
    public LongConsumer pageWatcher = gva -> { };

    private final Cpu cpu;
    private final ModelHostMemory memory;
    private final Tlb tlb = new Tlb();
    private final PageWalker walker;
    private final EptWalker ept;
    private PhysicalMap physicalMap;
    private boolean nested;
    private MachineBus emulationBus;
    /** Base of the TLB context in force. */
    private long context;
    /** The same while the segments that most accesses go through are flat, else a context that is never filled. */
    private long flatContext;
    private int contextIndex;
    private boolean user, smap, careful, watching;
    /** The virtual processor whose translations are in use; those of others stay. */
    private int vpid;
    /** An instruction is being emulated on other tables than those of the processor. */
    private boolean emulating;
    /** The process context of its translations: no PCID. */
    private static final int EMULATION = 1 << 30;
    /** Physical address of the last translation that found no memory. */
    private long deviceAddress;

    public Mmu(Cpu cpu, ModelHostMemory memory) {
        this.cpu = cpu;
        this.memory = memory;
        walker = new PageWalker(cpu, this);
        ept = new EptWalker(memory, cpu.counters, cpu.features.physicalBits());
        physicalMap = physical -> memory.contains(physical, 1) ? physical : -1;
        context = tlb.context(Tlb.SUPERVISOR);
        flatContext = tlb.context(Tlb.CAREFUL);
    }

    // ---- data accesses with the current privilege

    /**
     * Host-virtual address of bytes that may be read without any check, offsets in a plain segment ({@link Cpu#flat}) being linear
     * addresses; 0 if the access has to take the long way.
     */
    public long flatRead(long gva, int bytes) {
        long entry = flatContext + Tlb.slot(gva);
        return Raw.getLong(entry) == (gva + (bytes - 1) & -4096L) ? gva + Raw.getLong(entry + Tlb.ADDEND) : 0;
    }

    /** The same for bytes to be written. */
    public long flatWrite(long gva, int bytes) {
        long entry = flatContext + Tlb.slot(gva);
        return Raw.getLong(entry + Tlb.WRITE_TAG) == (gva + (bytes - 1) & -4096L) ? gva + Raw.getLong(entry + Tlb.ADDEND) : 0;
    }

    public byte read8(long gva) {
        long entry = context + Tlb.slot(gva);
        if (Raw.getLong(entry) == (gva & -4096L)) {
            return Raw.getByte(gva + Raw.getLong(entry + Tlb.ADDEND));
        }
        return (byte) slowRead(gva, 1);
    }

    public short read16(long gva) {
        long entry = context + Tlb.slot(gva);
        if (Raw.getLong(entry) == (gva + 1 & -4096L)) {
            return Raw.getShort(gva + Raw.getLong(entry + Tlb.ADDEND));
        }
        return (short) slowRead(gva, 2);
    }

    public int read32(long gva) {
        long entry = context + Tlb.slot(gva);
        if (Raw.getLong(entry) == (gva + 3 & -4096L)) {
            return Raw.getInt(gva + Raw.getLong(entry + Tlb.ADDEND));
        }
        return (int) slowRead(gva, 4);
    }

    public long read64(long gva) {
        long entry = context + Tlb.slot(gva);
        if (Raw.getLong(entry) == (gva + 7 & -4096L)) {
            return Raw.getLong(gva + Raw.getLong(entry + Tlb.ADDEND));
        }
        return slowRead(gva, 8);
    }

    public void write8(long gva, byte value) {
        long entry = context + Tlb.slot(gva);
        if (Raw.getLong(entry + Tlb.WRITE_TAG) == (gva & -4096L)) {
            Raw.putByte(gva + Raw.getLong(entry + Tlb.ADDEND), value);
        } else {
            slowWrite(gva, 1, value);
        }
    }

    public void write16(long gva, short value) {
        long entry = context + Tlb.slot(gva);
        if (Raw.getLong(entry + Tlb.WRITE_TAG) == (gva + 1 & -4096L)) {
            Raw.putShort(gva + Raw.getLong(entry + Tlb.ADDEND), value);
        } else {
            slowWrite(gva, 2, value);
        }
    }

    public void write32(long gva, int value) {
        long entry = context + Tlb.slot(gva);
        if (Raw.getLong(entry + Tlb.WRITE_TAG) == (gva + 3 & -4096L)) {
            Raw.putInt(gva + Raw.getLong(entry + Tlb.ADDEND), value);
        } else {
            slowWrite(gva, 4, value);
        }
    }

    public void write64(long gva, long value) {
        long entry = context + Tlb.slot(gva);
        if (Raw.getLong(entry + Tlb.WRITE_TAG) == (gva + 7 & -4096L)) {
            Raw.putLong(gva + Raw.getLong(entry + Tlb.ADDEND), value);
        } else {
            slowWrite(gva, 8, value);
        }
    }

    /** Reads 8, 16, 32 or 64 bits, zero-extended. */
    public long read(long gva, int bits) {
        return switch (bits) {
            case 8 -> read8(gva) & 0xff;
            case 16 -> read16(gva) & 0xffff;
            case 32 -> read32(gva) & 0xffffffffL;
            default -> read64(gva);
        };
    }

    public void write(long gva, int bits, long value) {
        switch (bits) {
            case 8 -> write8(gva, (byte) value);
            case 16 -> write16(gva, (short) value);
            case 32 -> write32(gva, (int) value);
            default -> write64(gva, value);
        }
    }

    /** Reads a part of an operand that has another alignment, or none: never #AC. */
    public long readPart(long gva, int bits) {
        return careful ? plainRead(gva, bits >> 3) : read(gva, bits);
    }

    /** Writes a part of an operand that has another alignment, or none: never #AC. */
    public void writePart(long gva, int bits, long value) {
        if (careful) {
            plainWrite(gva, bits >> 3, value);
        } else {
            write(gva, bits, value);
        }
    }

    /** Reads for a read-modify-write: like {@link #read}, but a page that may not be written faults now, as a write. */
    public long readForWrite(long gva, int bits) {
        checkAlignment(gva, bits >> 3);
        long entry = context + Tlb.slot(gva);
        if (Raw.getLong(entry + Tlb.WRITE_TAG) != (gva + (bits >> 3) - 1 & -4096L)) {
            probeWrite(gva, bits >> 3);
        }
        return read(gva, bits);
    }

    /** Reads up to 4096 bytes; faults before anything is returned. */
    public void read(long gva, byte[] target, int offset, int length) {
        probeRead(gva, length);
        if (cpu.debug.watching) {
            cpu.debug.access(wrap(gva), length, false);
        }
        int done = 0;
        while (done < length) {
            long at = wrap(gva + done);
            int n = Math.min(length - done, 4096 - (int) (at & 4095));
            long hpa = translate(at, PageWalker.READ, contextIndex, user, smap);
            if (hpa < 0) {
                for (int i = 0; i < n; i++) {
                    target[offset + done + i] = (byte) slowRead(at + i, 1);
                }
            } else {
                Raw.copyOut(memory.hva(hpa), target, offset + done, n);
            }
            done += n;
        }
    }

    /** Writes up to 4096 bytes; faults before the first byte is written. */
    public void write(long gva, byte[] source, int offset, int length) {
        probeWrite(gva, length);
        if (cpu.debug.watching) {
            cpu.debug.access(wrap(gva), length, true);
        }
        int done = 0;
        while (done < length) {
            long at = wrap(gva + done);
            int n = Math.min(length - done, 4096 - (int) (at & 4095));
            long hpa = translate(at, PageWalker.WRITE, contextIndex, user, smap);
            if (hpa < 0) {
                for (int i = 0; i < n; i++) {
                    slowWrite(at + i, 1, source[offset + done + i]);
                }
            } else {
                Raw.copyIn(memory.hva(hpa), source, offset + done, n);
                stored(hpa, n);
            }
            done += n;
        }
    }

    /** Faults unless the whole range may be written now; for instructions that write in several parts or after other effects. */
    public void probeWrite(long gva, int bytes) {
        probe(gva, bytes, PageWalker.WRITE, user, smap, cpu.linearMask());
    }

    public void probeRead(long gva, int bytes) {
        probe(gva, bytes, PageWalker.READ, user, smap, cpu.linearMask());
    }

    /** #GP, or #SS, unless the address is canonical. */
    public void checkCanonical(long gva) {
        if (!PageTable.canonical(gva, 48)) {
            var fault = cpu.protection(0);
            fault.detail = gva;
            fault.nonCanonical = true;
            throw fault;
        }
    }

    private void probe(long gva, int bytes, int access, boolean asUser, boolean withSmap, long mask) {
        int index = indexFor(asUser, withSmap);
        long last = gva + bytes - 1 & mask;
        translate(gva & mask, access, index, asUser, withSmap);
        if ((gva & -4096L) != (last & -4096L)) {
            translate(last & -4096L, access, index, asUser, withSmap);
        }
    }

    /**
     * Host-virtual address of a byte that may be read or written directly up to the end of its page, or 0 when the access must
     * go through the ordinary calls (device registers, code pages, checks). May fault. For bulk string operations.
     */
    public long directRead(long gva) {
        if (careful) {
            return 0;
        }
        long entry = context + Tlb.slot(gva);
        if (Raw.getLong(entry) != (gva & -4096L) && translate(gva, PageWalker.READ, contextIndex, user, smap) < 0 || Raw.getLong(entry) != (gva & -4096L)) {
            return 0;
        }
        return gva + Raw.getLong(entry + Tlb.ADDEND);
    }

    public long directWrite(long gva) {
        if (careful) {
            return 0;
        }
        long entry = context + Tlb.slot(gva);
        if (Raw.getLong(entry + Tlb.WRITE_TAG) != (gva & -4096L) && translate(gva, PageWalker.WRITE, contextIndex, user, smap) < 0
            || Raw.getLong(entry + Tlb.WRITE_TAG) != (gva & -4096L)) {
            return 0;
        }
        return gva + Raw.getLong(entry + Tlb.ADDEND);
    }

    /** As {@link #directWrite}, but for pages of code too: {@link #bulkWritten} must follow the store. */
    public long bulkWrite(long gva) {
        if (careful) {
            return 0;
        }
        long entry = context + Tlb.slot(gva);
        boolean hit = Raw.getLong(entry + Tlb.WRITE_TAG) == (gva & -4096L);
        if (!hit && (translate(gva, PageWalker.WRITE, contextIndex, user, smap) < 0 || !tlb.writable(contextIndex, gva))) {
            return 0;
        }
        return gva + Raw.getLong(entry + Tlb.ADDEND);
    }

    /** Bytes at an address from {@link #bulkWrite} have been stored. */
    public void bulkWritten(long host, int bytes) {
        stored(host - memory.hva(0), bytes);
    }

    // ---- accesses of the processor itself: supervisor privilege whatever the CPL (SDM 3A, 4.6)

    public int systemRead8(long gva) {
        return (int) systemRead(gva, 1);
    }

    public int systemRead16(long gva) {
        return (int) systemRead(gva, 2);
    }

    public int systemRead32(long gva) {
        return (int) systemRead(gva, 4);
    }

    public long systemRead64(long gva) {
        return systemRead(gva, 8);
    }

    public void systemWrite8(long gva, int value) {
        systemWrite(gva, 1, value);
    }

    public void systemWrite16(long gva, int value) {
        systemWrite(gva, 2, value);
    }

    public void systemWrite32(long gva, int value) {
        systemWrite(gva, 4, value);
    }

    public void systemWrite64(long gva, long value) {
        systemWrite(gva, 8, value);
    }

    /** Faults unless the processor itself may write this range. */
    public void probeSystemWrite(long gva, int bytes) {
        probe(gva, bytes, PageWalker.WRITE, false, smapOn(), systemMask());
    }

    /** As {@link #probeWrite}, with the privilege of a CPL that is not in force yet (stack switches). */
    public void probeWrite(long gva, int bytes, int cpl) {
        probe(gva, bytes, PageWalker.WRITE, cpl == 3, cpl != 3 && smapOn() && !cpu.flag(Flags.AC), systemMask());
    }

    private long systemRead(long gva, int bytes) {
        boolean enforce = smapOn();
        if (cpu.debug.watching) {
            cpu.debug.note(gva, bytes, false);
        }
        return access(gva, bytes, false, 0, indexFor(false, enforce), false, enforce, systemMask());
    }

    private void systemWrite(long gva, int bytes, long value) {
        boolean enforce = smapOn();
        if (cpu.debug.watching) {
            cpu.debug.note(gva, bytes, true);
        }
        access(gva, bytes, true, value, indexFor(false, enforce), false, enforce, systemMask());
    }

    /** Host-virtual address of bytes that the processor itself may read and the TLB knows, in one page; else 0. */
    public long systemHit(long gva, int bytes) {
        long at = gva & systemMask();
        long entry = tlb.context(indexFor(false, smapOn())) + Tlb.slot(at);
        return Raw.getLong(entry) == (at + (bytes - 1) & -4096L) ? at + Raw.getLong(entry + Tlb.ADDEND) : 0;
    }

    /** Descriptor tables and TSS have 64-bit addresses in IA-32e mode, compatibility mode included. */
    private long systemMask() {
        return cpu.longMode() ? -1 : 0xffffffffL;
    }

    private boolean smapOn() {
        return (cpu.cr4 & Cr4.SMAP) != 0 && (cpu.cr0 & Cr0.PG) != 0;
    }

    private int indexFor(boolean asUser, boolean withSmap) {
        return careful ? Tlb.CAREFUL : asUser ? Tlb.USER : withSmap ? Tlb.SUPERVISOR_SMAP : Tlb.SUPERVISOR;
    }

    // ---- the slow path

    private long slowRead(long gva, int bytes) {
        checkAlignment(gva, bytes);
        return plainRead(gva, bytes);
    }

    private long plainRead(long gva, int bytes) {
        if (cpu.debug.watching) {
            debugAccess(gva, bytes, false);
        }
        long value = access(gva, bytes, false, 0, contextIndex, user, smap, cpu.linearMask());
        watch(gva, bytes, false);
        return value;
    }

    private void slowWrite(long gva, int bytes, long value) {
        checkAlignment(gva, bytes);
        plainWrite(gva, bytes, value);
    }

    private void plainWrite(long gva, int bytes, long value) {
        if (cpu.debug.watching) {
            debugAccess(gva, bytes, true);
        }
        access(gva, bytes, true, value, contextIndex, user, smap, cpu.linearMask());
        watch(gva, bytes, true);
    }

    /** Data breakpoints: the trap follows the instruction (SDM 3B, 17.2.4 and 17.3.1.2). While any is enabled every access comes here. */
    private void watch(long gva, int bytes, boolean write) {
        if (!watching) {
            return;
        }
        for (int n = 0; n < 4; n++) {
            int kind = DebugRegister.kind(cpu.dr[7], n);
            boolean concerns = kind == DebugRegister.ON_ACCESS || kind == DebugRegister.ON_WRITE && write;
            if (concerns && DebugRegister.met(cpu.dr[7], n, cpu.dr[n], gva & cpu.linearMask(), bytes)) {
                cpu.pendingDebug |= 1L << n;
            }
        }
    }

    /** Tells the debugger of an access, after the faults it might still end with. */
    private void debugAccess(long gva, int bytes, boolean write) {
        long at = wrap(gva);
        if (cpu.debug.watches(at, bytes, write)) {
            probe(at, bytes, write ? PageWalker.WRITE : PageWalker.READ, user, smap, cpu.linearMask());
            cpu.debug.access(at, bytes, write);
        }
    }

    private long access(long gva, int bytes, boolean write, long value, int index, boolean asUser, boolean withSmap, long mask) {
        int kind = write ? PageWalker.WRITE : PageWalker.READ;
        long at = gva & mask;
        int first = 4096 - (int) (at & 4095);
        if (bytes <= first) {
            long hpa = translate(at, kind, index, asUser, withSmap);
            return hpa < 0 ? device(deviceAddress, bytes, write, value) : write ? store(hpa, bytes, value) : load(hpa, bytes);
        }
        // both pages are translated before either is touched; the second translation may need a retry of the first's device address
        long low = translate(at, kind, index, asUser, withSmap);
        long lowDevice = deviceAddress;
        long high = translate(at + first & mask, kind, index, asUser, withSmap);
        long highDevice = deviceAddress;
        long result = 0;
        for (int i = 0; i < bytes; i++) {
            long hpa = i < first ? low : high;
            long offset = i < first ? i : i - first;
            long b = value >>> 8 * i & 0xff;
            long got;
            if (hpa < 0) {
                got = device((i < first ? lowDevice : highDevice) + offset, 1, write, b);
            } else {
                got = write ? store(hpa + offset, 1, b) : load(hpa + offset, 1);
            }
            result |= (got & 0xff) << 8 * i;
        }
        return result;
    }

    private long device(long physical, int bytes, boolean write, long value) {
        MachineBus bus = emulationBus != null ? emulationBus : cpu.bus;
        if (write) {
            bus.writeMemory(physical, bytes, bytes == 8 ? value : value & (1L << 8 * bytes) - 1);
            return 0;
        }
        return bus.readMemory(physical, bytes);
    }

    private long load(long hpa, int bytes) {
        long hva = memory.hva(hpa);
        return switch (bytes) {
            case 1 -> Raw.getByte(hva) & 0xff;
            case 2 -> Raw.getShort(hva) & 0xffff;
            case 4 -> Raw.getInt(hva) & 0xffffffffL;
            default -> Raw.getLong(hva);
        };
    }

    private long store(long hpa, int bytes, long value) {
        long hva = memory.hva(hpa);
        switch (bytes) {
            case 1 -> Raw.putByte(hva, (byte) value);
            case 2 -> Raw.putShort(hva, (short) value);
            case 4 -> Raw.putInt(hva, (int) value);
            default -> Raw.putLong(hva, value);
        }
        stored(hpa, bytes);
        return 0;
    }

    private void stored(long hpa, int bytes) {
        if (memory.isCode(hpa)) {
            memory.announce(hpa, bytes);
        }
    }

    /** Linear addresses wrap at 4 GiB outside 64-bit code. */
    private long wrap(long gva) {
        return gva & cpu.linearMask();
    }

    /** #AC unless the address is a multiple of this power of two: CPL 3, CR0.AM and EFLAGS.AC (SDM 3A, 6.15, interrupt 17). It comes after #GP and before a page fault. */
    public void checkAlignment(long gva, int bytes) {
        if (careful && (gva & bytes - 1) != 0 && cpu.cpl == 3 && cpu.flag(Flags.AC) && (cpu.cr0 & Cr0.AM) != 0) {
            checkCanonical(gva);
            throw cpu.fault(17, 0);
        }
    }

    /**
     * Translates and fills the TLB.
     *
     * @return host-physical address, or -1 with {@link #deviceAddress} set where a device answers
     */
    private long translate(long gva, int access, int index, boolean asUser, boolean withSmap) {
        checkCanonical(gva);
        long entry = tlb.context(index) + Tlb.slot(gva);
        if (Raw.getLong(entry + (access == PageWalker.WRITE ? Tlb.WRITE_TAG : Tlb.READ_TAG)) == (gva & -4096L)) {
            return gva + Raw.getLong(entry + Tlb.ADDEND) - memory.hva(0);
        }
        if (access == PageWalker.WRITE && tlb.writable(index, gva)) {
            long hpa = gva + Raw.getLong(entry + Tlb.ADDEND) - memory.hva(0);
            if (!memory.isCode(hpa)) {
                tlb.unprotect(index, gva);
            }
            return hpa;
        }
        cpu.counters.count(CountedEvent.TLB_MISSES);
        long gpa = walker.walk(gva, access, asUser, withSmap);
        int shift = walker.pageShift;
        boolean readable = walker.readable;
        boolean writable = walker.writable;
        boolean global = walker.global;
        long hpa;
        if (nested) {
            hpa = second(gpa, access, gva);
            if (hpa < 0) {
                return -1;
            }
            readable &= (ept.permissions & Ept.READ) != 0;
            writable &= (ept.permissions & Ept.WRITE) != 0;
            shift = Math.min(shift, ept.pageShift);
        } else {
            hpa = physicalMap.hpa(gpa);
            if (hpa < 0 || access == PageWalker.WRITE && !physicalMap.writable(gpa)) {
                deviceAddress = gpa;
                return -1;
            }
            writable = writable && physicalMap.writable(gpa);
        }
        if (!memory.contains(hpa, 1)) {
            deviceAddress = gpa;
            return -1;
        }
        if (access == PageWalker.FETCH) {
            tlb.fill(index, gva, true, false, false, memory.hva(hpa & -4096L), global, shift);
        } else if (index != Tlb.CAREFUL) {
            if (cpu.debug.watching) {
                readable &= !cpu.debug.watches(gva & -4096L, false);
                writable &= !cpu.debug.watches(gva & -4096L, true);
            }
            tlb.fill(index, gva, readable, writable, memory.isCode(hpa), memory.hva(hpa & -4096L), global, shift);
        }
        return hpa;
    }

    private long second(long gpa, int access, long gva) {
        long kind = access == PageWalker.FETCH ? Ept.EXECUTE : access == PageWalker.WRITE ? Ept.WRITE : Ept.READ;
        if (emulationBus != null && !eptAllows(gpa, kind)) {
            deviceAddress = gpa;
            return -1;
        }
        return ept.translate(gpa, kind, gva, Ept.VIOLATION_LINEAR_VALID | Ept.VIOLATION_TRANSLATION);
    }

    private final java.util.ArrayList<Step> steps = new java.util.ArrayList<>();

    /** Whether the second-level tables map an address and allow an access to it, without effects. */
    private boolean eptAllows(long gpa, long kind) {
        boolean mapped = ept.inspect(gpa, steps) >= 0;
        long allowed = Ept.ACCESS;
        for (Step step : steps) {
            allowed &= step.entry();
        }
        steps.clear();
        return mapped && (allowed & kind) == kind;
    }

    /** Host-virtual address of a paging-structure entry, second-level translation done. */
    long tableEntry(long gpa, long gva, boolean write) {
        long hpa;
        if (nested) {
            // with accessed and dirty flags for EPT on, references to guest tables count as writes (SDM 3C, 29.3.5)
            long kind = write || ept.accessedDirty() ? Ept.READ | Ept.WRITE : Ept.READ;
            hpa = ept.translate(gpa, kind, gva, Ept.VIOLATION_LINEAR_VALID);
        } else {
            hpa = write ? physicalMap.hpaToWrite(gpa) : physicalMap.hpa(gpa);
        }
        if (hpa < 0 || !memory.contains(hpa, 8)) {
            return UNBACKED;
        }
        return memory.hva(hpa);
    }

    /**
     * What a table that lies outside memory reads as: all ones, as any address of a PC that nobody answers. Reserved bits mostly make
     * a page fault of it; 32-bit paging without large pages takes it for a page at the top of memory. It is never written: its
     * accessed and dirty flags are set.
     */
    private static final long UNBACKED = allOnes();

    private static long allOnes() {
        long hva = java.lang.foreign.Arena.global().allocate(8, 8).address();
        Raw.putLong(hva, -1);
        return hva;
    }

    /** A paging-structure entry changed under the processor's own hand. */
    void tableWritten(long gpa, int bytes) {
        if (!nested) {
            long hpa = physicalMap.hpa(gpa);
            if (hpa >= 0) {
                stored(hpa, bytes);
            }
        }
    }

    // ---- privilege, modes, flushes

    /** Privilege, AC, SMAP, WP or alignment checking may have changed: chooses the TLB context that goes with them. */
    public void selectAccess() {
        user = cpu.cpl == 3;
        smap = !user && smapOn() && !cpu.flag(Flags.AC);
        watching = DebugRegister.watchesData(cpu.dr[7]);
        careful = watching || user && (cpu.cr0 & Cr0.AM) != 0 && cpu.flag(Flags.AC);
        contextIndex = indexFor(user, smap);
        context = tlb.context(contextIndex);
        selectFlat();
    }

    /** {@link Cpu#flat} may have changed. */
    public void selectFlat() {
        flatContext = cpu.flat() ? context : tlb.context(Tlb.CAREFUL);
    }

    /** CR0, CR4 or EFER changed bits that matter to translation: everything is flushed. */
    public void pagingModeChanged() {
        flushAll();
    }

    /** MOV CR3 (SDM 3A, 4.10.4.1): flushes what is not global of its PCID. PDPTEs are the caller's business. */
    public void loadCr3(long cr3) {
        loadCr3(cr3, false);
    }

    /** @param keep bit 63 of the operand under CR4.PCIDE: what is known of the PCID stays */
    public void loadCr3(long cr3, boolean keep) {
        cpu.cr3 = cr3;
        boolean flushed = tlb.choose(pcid(), keep);
        selectAccess();
        changed(false);
        if (flushed) {
            cpu.counters.count(CountedEvent.TLB_FLUSHES);
        }
    }

    /** The virtual processor and process context in force; 0 without them (SDM 3A, 4.10.1; SDM 3C, 29.1). */
    private int pcid() {
        return emulating ? EMULATION : vpid << PCID_BITS | ((cpu.cr4 & Cr4.PCIDE) != 0 ? (int) (cpu.cr3 & Cr3.PCID) : 0);
    }

    /** VM entry: the virtual processor whose translations are used from now on; 0 without VPIDs. */
    public void vpid(int entered) {
        if (vpid != entered) {
            vpid = entered;
            tlb.choose(pcid(), true);
            selectAccess();
            changed(true);
        }
    }

    /** INVVPID of one page. */
    public void invalidateVpid(int which, long gva) {
        tlb.invalidate(gva, which << PCID_BITS, (which + 1 << PCID_BITS) - 1);
        pageChanged(gva);
    }

    /** INVVPID of a range of VPIDs. */
    public void flushVpids(int first, int last, boolean globalsToo) {
        tlb.flush(first << PCID_BITS, (last + 1 << PCID_BITS) - 1, globalsToo);
        changed(true);
        cpu.counters.count(CountedEvent.TLB_FLUSHES);
    }

    /** INVPCID of one context: forgets what is not global of it. */
    public void flushContext(int pcid) {
        tlb.flush(vpid << PCID_BITS | pcid);
        changed(false);
        cpu.counters.count(CountedEvent.TLB_FLUSHES);
    }

    /** INVPCID of all contexts, globals kept. */
    public void flushContexts() {
        tlb.flush(false);
        changed(false);
        cpu.counters.count(CountedEvent.TLB_FLUSHES);
    }

    public void flushAll() {
        tlb.flush(true);
        tlb.choose(pcid(), true);
        selectAccess();
        changed(true);
        cpu.counters.count(CountedEvent.TLB_FLUSHES);
    }

    /** INVLPG. */
    public void invalidatePage(long gva) {
        tlb.invalidate(gva);
        pageChanged(gva);
    }

    private void changed(boolean globalsToo) {
        epoch++;
        flushEpoch++;
        if (globalsToo) {
            globalEpoch++;
        }
    }

    private void pageChanged(long gva) {
        epoch++;
        pageWatcher.accept(gva);
    }

    /** This frame holds decoded code now: stores to it take the slow path. */
    public void codePageAdded(long hpa) {
        memory.flagCode(hpa);
        tlb.protect(memory.hva(hpa & -4096L));
    }

    /** There is none in it any more: entries get their tags for writes back as they are used. */
    public void codePageRemoved(long hpa) {
        memory.unflagCode(hpa);
    }

    /** Base of the TLB context of data accesses at the current privilege, laid out as {@link TlbLayout} says. */
    public long context() {
        return context;
    }

    /** Base of the TLB context of data accesses in ring 0, with AC as it may be. */
    public long supervisorContext(boolean ac) {
        return tlb.context(supervisorIndex(ac));
    }

    /** Number of that with AC clear. */
    public int supervisorNumber() {
        return tlb.number(supervisorIndex(false));
    }

    private int supervisorIndex(boolean ac) {
        return smapOn() && !ac ? Tlb.SUPERVISOR_SMAP : Tlb.SUPERVISOR;
    }

    /** Base of the TLB context of data accesses in ring 3. */
    public long userContext() {
        return tlb.context(Tlb.USER);
    }

    public int userNumber() {
        return tlb.number(Tlb.USER);
    }

    /** Number of the context in force, below {@link #CONTEXTS} unless {@link #careful}. */
    public int contextNumber() {
        return tlb.number(contextIndex);
    }

    /** Base of one of the contexts an engine may probe, by its number. */
    public long context(int number) {
        return tlb.numbered(number);
    }

    /** Contexts that an engine may probe: those of the supervisor, of the supervisor under SMAP, of the user, for some PCIDs. */
    public static final int CONTEXTS = Tlb.DATA_CONTEXTS;

    /** Every data access must be looked at (alignment checks, data breakpoints). */
    public boolean careful() {
        return careful;
    }

    // ---- fetches and physical memory

    /**
     * Translates an instruction fetch at the current privilege.
     *
     * @return host-physical address, or -1 where there is no memory; throws the fault, or leaves the guest on an EPT violation
     */
    public long fetch(long gva) {
        return translate(wrap(gva), PageWalker.FETCH, user ? Tlb.FETCH_USER : Tlb.FETCH_SUPERVISOR, user, smap);
    }

    /** Whether the page of an instruction fetched just now is global. */
    public boolean fetchedGlobal(long gva) {
        return tlb.global(user ? Tlb.FETCH_USER : Tlb.FETCH_SUPERVISOR, wrap(gva));
    }

    /** Size of the page of an instruction fetched just now, as a shift. */
    public int fetchedShift(long gva) {
        return tlb.pageShift(user ? Tlb.FETCH_USER : Tlb.FETCH_SUPERVISOR, wrap(gva));
    }

    public ModelHostMemory memory() {
        return memory;
    }

    /** Host-virtual address of host-physical memory. */
    public long hostAddress(long hpa) {
        return memory.hva(hpa);
    }

    /** Reads 8 bytes at a guest-physical address as the processor does when it loads PDPTEs. */
    public long readPhysical64(long gpa) {
        return Raw.getLong(tableEntry(gpa, gpa, false));
    }

    /** Second-level translation: the EPT pointer, or 0 for none. */
    public void eptp(long eptp) {
        nested = eptp != 0;
        ept.eptp(eptp);
        flushAll();
    }

    public void eptExits(EptExits exits) {
        ept.exits(exits);
    }

    /** The machine's decoding of physical addresses, for processors without second-level translation. */
    public void physicalMap(PhysicalMap map) {
        physicalMap = map;
        flushAll();
    }

    /** A VMM's instruction emulator walks the guest's own tables from now on: another map, and a bank of the TLB for itself. */
    public PhysicalMap enterEmulation(PhysicalMap map) {
        PhysicalMap old = physicalMap;
        physicalMap = map;
        emulating = true;
        tlb.chooseEmpty(EMULATION);
        epoch++; // engines that know the context of what they have cached may keep it
        selectAccess();
        return old;
    }

    /** It is done: the map and the translations of before are in force again. */
    public void leaveEmulation(PhysicalMap map) {
        physicalMap = map;
        emulating = false;
        tlb.choose(pcid(), true);
        epoch++;
        selectAccess();
    }

    /** While a VMM's instruction emulator runs: where accesses go that second-level translation does not allow; null ends it. */
    public void emulationBus(MachineBus bus) {
        emulationBus = bus;
    }

    long inspectPhysical(long gpa, List<Step> steps) {
        long hpa = nested ? ept.inspect(gpa, steps) : physicalMap.hpa(gpa);
        return hpa >= 0 && memory.contains(hpa, 8) ? hpa : -1;
    }

    /** A walk for people: no effects, no counts. */
    public WalkReport inspect(long gva) {
        return walker.inspect(gva);
    }

    @Override
    public void close() {
        tlb.close();
    }
}
