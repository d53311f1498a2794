package proteus.x86.disasm;

import java.util.Locale;
import proteus.x86.decode.CodeSource;
import proteus.x86.decode.Decoder;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** Writes instructions in Intel syntax: {@code mov eax,DWORD PTR [rbp-0x8]}. */
public final class Disassembler {
    private static final String[] ROUNDING = {"{rn-sae}", "{rd-sae}", "{ru-sae}", "{rz-sae}"};

    private final Symbols symbols;
    private final Instruction instruction = new Instruction();

    public Disassembler() {
        this(Symbols.NONE);
    }

    public Disassembler(Symbols symbols) {
        this.symbols = symbols;
    }

    /**
     * One line of a listing.
     *
     * @param address of the instruction
     * @param bytes it consists of
     * @param text in Intel syntax, {@code (bad)} if the bytes are no instruction
     */
    public record Line(long address, byte[] bytes, String text) {
        /** The length in bytes, at least 1. */
        public int length() {
            return bytes.length;
        }
    }

    /**
     * Disassembles one instruction.
     *
     * @param mode code size: 16, 32 or 64
     */
    public Line line(CodeSource code, int mode, long address) {
        Decoder.decode(code, mode, instruction);
        boolean bad = instruction.mnemonic == Mnemonic.INVALID;
        int length = bad ? 1 : instruction.length;
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) code.byteAt(i);
        }
        return new Line(address, bytes, bad ? "(bad)" : text(instruction, address));
    }

    /** The text of a decoded instruction at an address. */
    public String text(Instruction in, long address) {
        StringBuilder out = new StringBuilder(48);
        Prefixes.append(in, out);
        out.append(MnemonicText.of(in));
        if (MnemonicText.isString(in.mnemonic)) {
            StringOperands.append(in, out);
            return out.toString();
        }
        boolean rounds = in.broadcast && in.mod == 3;
        for (int i = 0; i < in.operandCount; i++) {
            out.append(i == 0 ? " " : ",");
            if (rounds && in.kind[i] == Instruction.IMMEDIATE) {
                out.append(rounding(in)).append(',');
                rounds = false;
            }
            operand(in, i, address, out);
            if (i == 0 && in.maskRegister != 0) {
                out.append("{k").append(in.maskRegister).append(in.zeroing ? "}{z}" : "}");
            }
        }
        if (rounds) {
            out.append(',').append(rounding(in));
        }
        comment(in, address, out);
        return out.toString();
    }

    private static String rounding(Instruction in) {
        return in.embeddedRounding ? ROUNDING[in.roundingControl] : "{sae}";
    }

    /** Where a RIP-relative operand points. */
    private void comment(Instruction in, long address, StringBuilder out) {
        for (int i = 0; i < in.operandCount; i++) {
            if (in.kind[i] == Instruction.MEMORY && in.base == Instruction.RIP) {
                long target = address + in.length + in.displacement;
                out.append(" # ").append(hex(target));
                name(target, out);
            }
        }
    }

    private void operand(Instruction in, int i, long address, StringBuilder out) {
        switch (in.kind[i]) {
            case Instruction.MEMORY -> memory(in, i, out);
            case Instruction.IMMEDIATE -> {
                boolean second = i > 0 && in.kind[i - 1] == Instruction.IMMEDIATE;
                long value = second ? in.immediate2 & 0xffL : in.immediate;
                out.append(hex(masked(value, immediateBits(in, i))));
            }
            case Instruction.RELATIVE -> {
                long target = address + in.length + in.immediate;
                target = in.mode == 64 ? target : in.operandSize == 16 ? target & 0xffff : target & 0xffffffffL;
                out.append(hex(target));
                name(target, out);
            }
            case Instruction.FAR_POINTER ->
                out.append(hex(in.immediate2 & 0xffff)).append(':').append(hex(masked(in.immediate, in.operandSize)));
            default -> out.append(RegisterNames.of(in.kind[i], in.register[i], in.size[i]));
        }
    }

    private void name(long target, StringBuilder out) {
        String name = symbols.nameOf(target);
        if (name != null) {
            out.append(" <").append(name).append('>');
        }
    }

    /** An immediate is shown in the width of the operand it goes with. */
    private static int immediateBits(Instruction in, int i) {
        if (i > 0 && in.operandCount > 1 && in.kind[0] != Instruction.IMMEDIATE && in.size[i] != 0 && in.size[i] < in.operandSize) {
            return in.immediate < 0 ? Math.max(in.size[i], in.operandSize) : in.size[i];
        }
        return in.mnemonic == Mnemonic.PUSH ? in.operandSize : in.size[i] == 0 ? 64 : in.size[i];
    }

    private static long masked(long value, int bits) {
        return bits >= 64 ? value : value & (1L << bits) - 1;
    }

    private static void memory(Instruction in, int i, StringBuilder out) {
        out.append(pointer(in, i));
        boolean bare = in.base == Instruction.NO_REGISTER && in.index == Instruction.NO_REGISTER;
        if (bare) {
            out.append(RegisterNames.of(Instruction.SEGMENT, in.segment, 16)).append(':').append(hex(masked(in.displacement, in.addressSize)));
            return;
        }
        if (in.segmentOverride >= 0) {
            out.append(RegisterNames.of(Instruction.SEGMENT, in.segmentOverride, 16)).append(':');
        }
        out.append('[');
        boolean first = true;
        if (in.base != Instruction.NO_REGISTER) {
            out.append(in.base == Instruction.RIP ? in.addressSize == 32 ? "eip" : "rip" : RegisterNames.of(Instruction.GPR, in.base, in.addressSize));
            first = false;
        }
        if (in.index != Instruction.NO_REGISTER) {
            int vector = VectorIndex.bits(in);
            int kind = vector == 0 ? Instruction.GPR : vector == 128 ? Instruction.XMM : vector == 256 ? Instruction.YMM : Instruction.ZMM;
            out.append(first ? "" : "+").append(RegisterNames.of(kind, in.index, in.addressSize));
            if (in.addressSize != 16) {
                out.append('*').append(1 << in.scale);
            }
        }
        if (in.displacement != 0 || in.base == Instruction.RIP) {
            out.append(in.displacement < 0 ? "-" : "+").append(hex(Math.abs(in.displacement)));
        }
        out.append(']');
    }

    private static String pointer(Instruction in, int i) {
        if (in.mnemonic == Mnemonic.LEA) {
            return "";
        }
        if (in.kind[i] == Instruction.MEMORY && in.broadcast) {
            return in.size[i] == 64 ? "QWORD BCST " : "DWORD BCST ";
        }
        return switch (in.size[i]) {
            case 8 -> "BYTE PTR ";
            case 16 -> "WORD PTR ";
            case 32 -> "DWORD PTR ";
            case 48 -> "FWORD PTR ";
            case 64 -> "QWORD PTR ";
            case 80 -> "TBYTE PTR ";
            case 128 -> "XMMWORD PTR ";
            case 256 -> "YMMWORD PTR ";
            case 512 -> "ZMMWORD PTR ";
            default -> "";
        };
    }

    static String hex(long value) {
        return "0x" + Long.toHexString(value).toLowerCase(Locale.ROOT);
    }
}
