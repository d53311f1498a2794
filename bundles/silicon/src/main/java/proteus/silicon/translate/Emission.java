package proteus.silicon.translate;

import static proteus.silicon.cpu.CpuLayout.GPR;
import static proteus.silicon.translate.HostAssembler.NONE;
import static proteus.silicon.translate.HostAssembler.R10;
import static proteus.silicon.translate.HostAssembler.R11;
import static proteus.silicon.translate.HostAssembler.R12;
import static proteus.silicon.translate.HostAssembler.R13;
import static proteus.silicon.translate.HostAssembler.R14;
import static proteus.silicon.translate.HostAssembler.R15;
import static proteus.silicon.translate.HostAssembler.R8;
import static proteus.silicon.translate.HostAssembler.R9;
import static proteus.silicon.translate.HostAssembler.RAX;
import static proteus.silicon.translate.HostAssembler.RBP;
import static proteus.silicon.translate.HostAssembler.RBX;
import static proteus.silicon.translate.HostAssembler.RCX;
import static proteus.silicon.translate.HostAssembler.RDI;
import static proteus.silicon.translate.HostAssembler.RDX;
import static proteus.silicon.translate.HostAssembler.RSI;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.Op;
import proteus.silicon.mmu.TlbLayout;

/**
 * The translation of one block in the making: where the guest's registers and flags are at this point of the code, and the
 * pieces that every instruction is made of.
 *
 * <p>Twelve guest registers live in host registers; R11 and R13 to R15 stay in the struct. Host RAX holds the instructions
 * that may still retire in its upper 48 bits, and in AH the arithmetic flags but OF as LAHF leaves them; OF is in
 * {@link StateLayout#overflow}. The flags are there, or in the host's own, or in both; before anything that clobbers the host's they
 * are saved there, so at each exit they are there, unless they are dead ({@link FlagLiveness}). GS points to the TLB context in
 * force.
 */
final class Emission {
    /** Temporaries. T0 is the host address of a memory operand after {@link #access}. */
    static final int T0 = R14, T1 = R15;
    /** Where the engine's table of code by linear address lies from the GS base. */
    static final int JUMPS = TlbLayout.ENGINE;
    /** Bits of a table offset: 8192 entries of an address of guest code and one of host code. */
    static final int JUMP_MASK = TlbLayout.ENGINE_BYTES - 16;
    static final int BUDGET_SHIFT = 16;

    private static final int[] HOST = {R8, RCX, RDX, RBX, R9, RBP, RSI, RDI, R10, R11, R12, NONE, R13, NONE, NONE, NONE};
    private static final int MOST_SLOW = 1024;

    final HostAssembler a = new HostAssembler();
    /** Base of the processor's struct, within reach of RIP-relative operands. */
    final long s;
    private final StateLayout state;
    /** Linear address of the block, and its code size. */
    long rip;
    int mode;
    /** Number of the instruction in its block. */
    int index;
    private boolean flagsInHost, flagsSaved;
    /** Nobody sees the flags that this instruction leaves. */
    boolean flagsDead;
    /** That SSE instructions may execute has been looked at; there are some. */
    boolean sseChecked, usesSse;
    /** There are x87 instructions; that they may execute has been looked at. */
    boolean usesX87;
    /** The same for VEX. */
    boolean usesYmm;

    private final int[] slowPlaces = new int[MOST_SLOW];
    private final int[] slowOps = new int[MOST_SLOW];
    private int slowCount;

    Emission(long struct) {
        s = struct;
        state = new StateLayout(struct);
    }

    void begin(long address, long blockRip, int codeSize) {
        a.begin(address);
        rip = blockRip;
        mode = codeSize;
        slowCount = 0;
        flagsInHost = false;
        flagsSaved = true;
        sseChecked = false;
        usesSse = false;
        usesX87 = false;
        usesYmm = false;
    }

    /** Whether one more instruction, whatever it is, finds room for its slow exits. */
    boolean hasRoom() {
        return slowCount < MOST_SLOW - 16;
    }

    // ---- flags

    /** Before host flags are clobbered. */
    void saveFlags() {
        if (!flagsSaved) {
            a.absolute(8, 0x0f90, 0, state.overflow(), 0); // seto
            a.put8(0x9f); // lahf
            flagsSaved = true;
        }
    }

    /** Flags are saved and the host's are about to be clobbered. */
    void clobberFlags() {
        saveFlags();
        flagsInHost = false;
    }

    /** The host's flags are the guest's. */
    void needFlags() {
        if (!flagsInHost) {
            loadFlags();
            flagsInHost = true;
        }
    }

    /** What {@link #saveFlags} saved becomes the host's flags. */
    void loadFlags() {
        a.absolute(8, 0x80, 7, state.overflow(), 1); // cmp with 0x81: OF if it is 1
        a.put8(0x81);
        a.put8(0x9e); // sahf
    }

    /** As {@link #needFlags}, for an instruction that reads none but may leave some as they are. */
    void keepFlags() {
        if (!flagsDead) {
            needFlags();
        }
    }

    /** The instruction just emitted left the guest's flags in the host's. */
    void flagsWritten() {
        flagsInHost = !flagsDead;
        flagsSaved = flagsDead;
    }

    /** RFLAGS, but for VM and RF, which read 0: the arithmetic flags from where they are saved, the others from the struct. */
    void composeFlags(int to) {
        rotate(to, HostAssembler.RAX, 8);
        a.extend(32, 0x0fb6, to, to, 8);
        a.alu(32, 4, to, Flags.SF | Flags.ZF | Flags.AF | Flags.PF | Flags.CF);
        a.absolute(8, 0x80, 7, state.overflow(), 1); // cmp
        a.put8(0);
        a.put8(0x74); // jz
        a.put8(0);
        int skip = a.length();
        a.alu(32, 1, to, Flags.OF);
        a.land8(skip);
        a.absolute(64, 0x0b, to, s + CpuLayout.FLAGS, 0);
        a.alu(32, 4, to, ~(Flags.VM | Flags.RF));
    }

    /** The arithmetic flags become those of an image of RFLAGS, which is lost, as T0 is. The host's are clobbered. */
    void takeFlags(int image) {
        a.alu(64, 4, RAX, -1 << BUDGET_SHIFT);
        a.move(32, T0, image);
        a.alu(32, 4, T0, Flags.SF | Flags.ZF | Flags.AF | Flags.PF | Flags.CF);
        a.alu(32, 1, T0, Flags.FIXED);
        a.digit(32, 0xc1, 4, T0); // shl
        a.put8(8);
        a.rr(64, 0x0b, RAX, T0);
        a.digit(32, 0xc1, 5, image); // shr
        a.put8(11);
        a.alu(32, 4, image, 1);
        a.absolute(8, 0x88, image, state.overflow(), 0);
        flagsSaved = true;
        flagsInHost = false;
    }

    // ---- registers

    static int number(int offset) {
        return offset - GPR >> 3;
    }

    static boolean high(int offset) {
        return (offset & 7) == 1;
    }

    /** Host register of a guest register, or NONE. */
    static int host(int offset) {
        return HOST[number(offset)];
    }

    /** A host register whose low bits are those of the operand; the temporary may serve. Flags stay. */
    int read(int offset, int temporary) {
        int host = host(offset);
        if (high(offset)) {
            rotate(temporary, host, 8);
            return temporary;
        }
        if (host == NONE) {
            a.absolute(64, 0x8b, temporary, s + offset, 0);
            return temporary;
        }
        return host;
    }

    /** A host register to modify; {@link #written} must follow. */
    int modify(int offset, int temporary) {
        return read(offset, temporary);
    }

    /** A host register to write at a size; the operand's old value is in it where something of that stays. */
    int target(int offset, int size, int temporary) {
        if (size < 32 && host(offset) == NONE || high(offset)) {
            return read(offset, temporary);
        }
        int host = host(offset);
        return host == NONE ? temporary : host;
    }

    /** The register from {@link #modify} or {@link #target} has its value, written at the operand's size. */
    void written(int offset, int register) {
        if (high(offset)) {
            rotate(host(offset), register, 56);
        } else if (host(offset) == NONE) {
            a.absolute(64, 0x89, register, s + offset, 0);
        }
    }

    /** RORX: no flags change. */
    void rotate(int to, int from, int count) {
        rotate(64, to, from, count);
    }

    /** VEX.LZ.F2.0F3A.W F0 /r (SDM vol. 2, RORX). */
    void rotate(int size, int to, int from, int count) {
        a.vex(3, to >> 3, 0, from >> 3, (size == 64 ? 0x80 : 0) | 0x7b, 0xf0);
        a.put8(0xc0 | (to & 7) << 3 | from & 7);
        a.put8(count);
    }

    // ---- addresses

    /** The size at which addresses of code and stack are computed. */
    int pointerSize() {
        return mode == 64 ? 64 : 32;
    }

    /** Whether {@link #offset} can compute the operand's address. */
    boolean addressable(Op op) {
        boolean mayWrite = mode == 64 || op.segment != Cpu.CS;
        return op.addressSize != 16 && mayWrite && (op.base == CpuLayout.ZERO || op.base == CpuLayout.BLOCK_RIP || op.base < CpuLayout.ZERO)
            && (op.displacement == (int) op.displacement || op.base == CpuLayout.BLOCK_RIP || op.base == CpuLayout.ZERO && op.index == CpuLayout.ZERO
                || op.addressSize == 32);
    }

    /** The operand's offset in its segment, cut to 32 or 64 bits. Flags stay; both temporaries are used. */
    void offset(Op op, int to, int size) {
        long mask = size == 32 ? 0xffffffffL : op.addressMask;
        if (op.base == CpuLayout.BLOCK_RIP) {
            a.constant(to, rip + op.displacement & mask);
            return;
        }
        if (op.base == CpuLayout.ZERO && op.index == CpuLayout.ZERO) {
            a.constant(to, op.displacement & mask);
            return;
        }
        int base = op.base == CpuLayout.ZERO ? NONE : read(op.base, T0);
        int index = op.index == CpuLayout.ZERO ? NONE : read(op.index, T1);
        if (index == NONE && op.displacement == 0) {
            a.move(size, to, base);
        } else {
            a.rmx(size, 0x8d, to, base, index, op.shift, (int) op.displacement);
        }
    }

    /** Leaves the host address of the memory operand in T0, or goes the slow way. T1 is free afterwards; flags are saved and clobbered. */
    void access(Op op, int bytes, boolean write) {
        clobberFlags();
        offset(op, T0, op.addressSize);
        if (op.segment >= 4) {
            long base = s + CpuLayout.SEG_BASE + 8L * op.segment;
            if (mode == 64) {
                a.absolute(64, 0x03, T0, base, 0);
            } else {
                // any base, but an end that is not that of 4 GiB goes the slow way
                long end = s + (write ? CpuLayout.SEG_WRITE_END : CpuLayout.SEG_READ_END) + 8L * op.segment + 4;
                a.absolute(32, 0x83, 7, end, 1);
                a.put8(1);
                slowIf(5);
                a.absolute(32, 0x03, T0, base, 0);
            }
        }
        probe(bytes, write);
    }

    /** Turns the linear address in T0 into a host address, or goes the slow way. */
    void probe(int bytes, boolean write) {
        rotate(32, T1, T0, 7);
        a.alu(32, 4, T1, TlbLayout.ENTRIES - 1 << 5);
        a.gs(64, 0x2b, T0, T1, write ? TlbLayout.WRITE_TAG : TlbLayout.READ_TAG);
        a.alu(64, 7, T0, 4096 - bytes);
        slowIf(7);
        a.gs(64, 0x03, T0, T1, TlbLayout.HOST_PAGE);
    }

    /** As {@link #probe} for what the processor itself accesses (descriptors, TSS, stacks of gates). */
    void systemProbe(int bytes, boolean write) {
        rotate(32, T1, T0, 7);
        a.alu(32, 4, T1, TlbLayout.ENTRIES - 1 << 5);
        a.absolute(64, 0x03, T1, state.closedContext(), 0);
        a.rm(64, 0x2b, T0, T1, write ? TlbLayout.WRITE_TAG : TlbLayout.READ_TAG);
        a.alu(64, 7, T0, 4096 - bytes);
        slowIf(7);
        a.rm(64, 0x03, T0, T1, TlbLayout.HOST_PAGE);
    }

    /** On a condition, leaves the code with this instruction not begun. The flags must be saved. */
    void slowIf(int condition) {
        slowPlaces[slowCount] = a.jump(condition);
        slowOps[slowCount++] = index;
    }

    /** Lands all jumps of {@link #slowIf} on exits; after the last instruction. */
    void slowExits(int block, long exit) {
        int k = 0;
        while (k < slowCount) {
            int op = slowOps[k];
            a.reserve();
            for (; k < slowCount && slowOps[k] == op; k++) {
                a.land(slowPlaces[k]);
            }
            exit(block, op, exit);
        }
    }

    /** Leaves the code, saying where. */
    void exit(int block, int code, long exit) {
        a.callTo(exit);
        a.put32(block << 8 | code);
    }

    // ---- jumps to other blocks

    /** Offset in the table of code of a linear address. */
    static int jumpSlot(long rip) {
        return (int) (rip ^ rip >>> 4) << 4 & JUMP_MASK;
    }

    /** Looks the address of guest code in T0 up; goes the slow way if it is not in the table. T1 becomes its offset there. */
    void lookUp() {
        probeTable();
        slowIf(5);
    }

    /** Compares the address of guest code in T0 with that in its slot of the table; T1 becomes the slot's offset. */
    void probeTable() {
        rotate(32, T1, T0, 28);
        a.rr(32, 0x33, T1, T0);
        a.alu(32, 4, T1, JUMP_MASK);
        a.gs(64, 0x3b, T0, T1, JUMPS);
    }

    /** Jumps to the code that {@link #lookUp} found. */
    void jumpFound() {
        a.gs(64, 0xff, 4, T1, JUMPS + 8);
    }

    /** Jumps to a fixed address by way of the table; returns the place of the jump that is taken if it is not there. */
    int jumpByTable(long target) {
        int slot = JUMPS + jumpSlot(target);
        a.constant(T0, target);
        a.gs(64, 0x3b, T0, slot);
        int miss = a.jump(5);
        a.gs(64, 0xff, 4, slot + 8);
        return miss;
    }

    /** RAX is host register {@code RAX} while guest RAX is in it: between two of these, flags and budget are where guest RAX was. */
    void swapRax() {
        a.rr(64, 0x87, RAX, R8);
    }
}
