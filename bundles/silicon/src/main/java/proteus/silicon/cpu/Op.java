package proteus.silicon.cpu;

import proteus.x86.decode.Mnemonic;

/** One decoded instruction as the interpreter executes it: operands resolved to offsets in the processor's struct. Immutable after lowering. */
public final class Op {
    /** What executes it, if it is none of the engine's common forms. */
    public Handler handler;
    public Mnemonic mnemonic;
    /** Byte offset from the start of the block, and length in bytes. */
    public int start, length;
    /** Effective operand and address size in bits. */
    public int operandSize, addressSize;
    /** Code size decoded for: 16, 32, 64. */
    public int mode;
    public int condition;
    public boolean lock, rep, repne;
    /** The instruction is the last of its block: control flow, system, or anything after which interrupts, modes or code may differ. */
    public boolean endsBlock;

    public int operandCount;
    /** Operand kinds as in Instruction: k0 is the destination. */
    public int k0, k1, k2, k3;
    /** GPR: offset in the struct. XMM/YMM: offset. X87: number of ST(i). MMX, SEGMENT, CONTROL, DEBUG: register number. */
    public int r0, r1, r2, r3;
    /** Operand sizes in bits. */
    public int s0, s1, s2, s3;

    /** Memory operand: segment 0..5, offsets of base and index (ZERO if none, BLOCK_RIP for RIP-relative), scale as a shift. */
    public int segment, base, index, shift;
    /** Displacement; for RIP-relative relative to the start of the block. */
    public long displacement;
    /** Wrap of the effective address: 0xffff, 0xffffffff or -1. */
    public long addressMask;
    /** Wrap of the linear address: 0xffffffff outside 64-bit mode, -1 in it. */
    public long linearMask;
    /** Immediate, sign-extended where the manual does. Relative branches: offset of the target from the start of the block. */
    public long immediate;
    public int immediate2;
    /** ModRM.reg/.rm as they stand, for x87 and groups that need them; -1 without ModRM. */
    public int modrmMod, modrmReg, modrmRm;
    /** VEX: vector length in bits, 128 or 256; 0 for legacy encodings. */
    public int vectorLength;
    /**
     * Sources of a vector instruction: offset of the first, which without VEX is the destination; kind and offset of the second. A
     * gather's second is its vector of indices.
     */
    public int first, secondKind, second;

    // Derived once, for short hot code.
    /** Host-virtual addresses of the first two operands if they are registers, and of the base and index registers of the memory operand. */
    public long a0, a1, baseAddress, indexAddress;
    /** 64 minus the operand size: shifts the operand's sign bit to bit 63. */
    public int unused;
    /** Bits of the operand size. */
    public long mask;
    /** What a write of this size leaves of a register: all but the low 8 or 16 bits, nothing for 32 and 64 (SDM vol. 1, 3.4.1.1). */
    public long keep;
    /** The memory operand lies in ES, SS or DS, or in CS in 64-bit code: nothing need be checked or added while {@link Cpu#flat} holds. */
    public boolean plain;
    /** Bytes of the memory operand. */
    public int bytes;
    /** Wrap of a branch target: by operand size, and to 32 bits outside 64-bit code. */
    public long ripMask;
}
