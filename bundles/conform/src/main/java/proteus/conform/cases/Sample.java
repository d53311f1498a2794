package proteus.conform.cases;

import proteus.conform.state.Mode;
import proteus.x86.decode.Decoder;
import proteus.x86.decode.Instruction;

/** One instruction at one address, and what the decoder says of it. */
public final class Sample {
    public final Family family;
    public final Mode mode;
    public final byte[] bytes;
    public final int length;
    /** Where it stands: number of the slot, distance from its start, linear address. */
    public final int slot, start;
    public final long address;
    public final Instruction decoded = new Instruction();
    /** Whether segment registers are part of its cases. In 64-bit mode only where it loads one, since the base of FS is the host's then. */
    public final boolean segmented;

    Sample(Family family, Mode mode, byte[] bytes, int length, int slot, int start, long address) {
        this.family = family;
        this.mode = mode;
        this.bytes = bytes;
        this.length = length;
        this.slot = slot;
        this.start = start;
        this.address = address;
        Decoder.decode(i -> i < bytes.length ? bytes[i] & 0xff : 0, mode.bits, decoded);
        segmented = !mode.isLong() || switch (decoded.mnemonic) {
            case LFS, LGS, LSS, JMP_FAR, CALL_FAR, RET_FAR, IRET -> true;
            case MOV, POP -> decoded.kind[0] == Instruction.SEGMENT;
            default -> false;
        };
    }

    /** The operand in memory, or -1. */
    public int memoryOperand() {
        for (int i = 0; i < decoded.operandCount; i++) {
            if (decoded.kind[i] == Instruction.MEMORY) {
                return i;
            }
        }
        return -1;
    }

    /** Where it stands as RIP has it. */
    public long offset() {
        return mode.offset(address);
    }
}
