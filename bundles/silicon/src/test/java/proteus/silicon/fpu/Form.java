package proteus.silicon.fpu;

import java.util.ArrayList;
import java.util.List;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.exec.Lowered;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/**
 * One encoding of an instruction to try. Found by walking the opcode maps, so that whatever the decoder and the handler table
 * know is tested: operands are registers 1 and 2, or memory at RDI.
 */
record Form(byte[] code, Op op, int escape) {
    private static final int[] PREFIXES = {0, 0x66, 0xf3, 0xf2};
    private static final int REGISTERS = 0xca, SAME_REGISTER = 0xc9, MEMORY = 0x0f;

    String name() {
        StringBuilder s = new StringBuilder(op.mnemonic.name());
        for (int i = 0; i < op.operandCount; i++) {
            s.append(i == 0 ? ' ' : ',').append(switch (i == 0 ? op.k0 : i == 1 ? op.k1 : i == 2 ? op.k2 : op.k3) {
                case Instruction.MEMORY -> "m" + (i == 0 ? op.s0 : i == 1 ? op.s1 : op.s2);
                case Instruction.XMM -> "xmm";
                case Instruction.MMX -> "mm";
                case Instruction.X87 -> "st" + (i == 0 ? op.r0 : op.r1);
                case Instruction.IMMEDIATE -> Long.toString(op.immediate & 0xff);
                default -> "r" + (i == 0 ? op.s0 : i == 1 ? op.s1 : op.s2);
            });
        }
        return s.toString();
    }

    String hex() {
        StringBuilder s = new StringBuilder();
        for (byte b : code) {
            s.append("%02x".formatted(b));
        }
        return s.toString();
    }

    static List<Form> x87(HandlerTable handlers) {
        List<Form> forms = new ArrayList<>();
        for (int escape = 0xd8; escape <= 0xdf; escape++) {
            for (int i = 0; i < 8; i++) {
                add(forms, handlers, escape, escape, 0x07 | i << 3);
            }
            for (int modrm = 0xc0; modrm <= 0xff; modrm++) {
                add(forms, handlers, escape, escape, modrm);
            }
        }
        add(forms, handlers, 0, 0x9b);
        for (int escape : new int[] {0xd9, 0xdd}) {
            add(forms, handlers, escape, 0x66, escape, 0x27);
            add(forms, handlers, escape, 0x66, escape, 0x37);
        }
        return forms;
    }

    /** Forms of the maps 0F, 0F 38 and 0F 3A, those with an immediate once for each. */
    static List<Form> simd(HandlerTable handlers, int... immediates) {
        List<Form> forms = new ArrayList<>();
        for (int i = 0; i < immediates.length; i++) {
            boolean first = i == 0;
            simd(handlers, immediates[i]).stream().filter(f -> first || f.hasImmediate()).forEach(forms::add);
        }
        return forms;
    }

    private boolean hasImmediate() {
        return op.k1 == Instruction.IMMEDIATE || op.k2 == Instruction.IMMEDIATE || op.k3 == Instruction.IMMEDIATE;
    }

    boolean gathers() {
        return op.mnemonic.name().contains("GATHER");
    }

    /** VEX forms of the same maps; the register of VEX.vvvv is 3, that of an index 2. */
    static List<Form> vex(HandlerTable handlers, int... immediates) {
        List<Form> forms = new ArrayList<>();
        for (int i = 0; i < immediates.length; i++) {
            for (int encoding = 0; encoding < 3 * 256 * 4 * 2 * 2; encoding++) {
                List<Form> all = vex(handlers, encoding, immediates[i]);
                boolean first = i == 0;
                all.stream().filter(f -> first || f.hasImmediate()).forEach(forms::add);
            }
        }
        return forms;
    }

    private static List<Form> vex(HandlerTable handlers, int encoding, int immediate) {
        int length = encoding & 1;
        int wide = encoding >> 1 & 1;
        int prefix = encoding >> 2 & 3;
        int opcode = encoding >> 4 & 255;
        int map = 1 + (encoding >> 12);
        int[][] operands = {{REGISTERS}, {SAME_REGISTER}, {MEMORY}, {0x4f, 0x13}, {0x0c, 0x17}, {0x0c, 0x57}, {0xd2}, {0xe2}, {0xf2}, {0xda}, {0xfa}, {0x17}, {0x1f}};
        List<Form> forms = new ArrayList<>();
        for (int[] modrm : operands) {
            boolean group = modrm.length == 1 && (modrm[0] >= 0xd0 || modrm[0] == 0x17 || modrm[0] == 0x1f);
            Op op = null;
            byte[] code = null;
            for (int vvvv : new int[] {3, 0}) {
                NativeCpu.Bytes b = new NativeCpu.Bytes().add(0xc4, 0xe0 | map, wide << 7 | (~vvvv & 15) << 3 | length << 2 | prefix, opcode).add(modrm).add(immediate);
                op = Lowered.lower(handlers, b.array(), 64);
                code = b.array();
                if (op != null) {
                    break;
                }
            }
            boolean vsib = modrm.length == 2 && modrm[0] == 0x0c;
            if (op == null || op.mnemonic.name().charAt(0) != 'V' || vsib != op.mnemonic.name().contains("GATHER") || group != isGroup(op)) {
                continue;
            }
            forms.add(new Form(java.util.Arrays.copyOf(code, op.length), op, 0));
        }
        return forms;
    }

    /** ModRM.reg belongs to the opcode. */
    private static boolean isGroup(Op op) {
        return op.mnemonic == Mnemonic.VLDMXCSR || op.mnemonic == Mnemonic.VSTMXCSR || op.mnemonic.name().matches("VPS[LR][LA].*") && op.k2 == Instruction.IMMEDIATE;
    }

    private static List<Form> simd(HandlerTable handlers, int immediate) {
        List<Form> forms = new ArrayList<>();
        for (int map : new int[] {0, 0x38, 0x3a}) {
            for (int opcode = 0; opcode < 256; opcode++) {
                if (map == 0 && (opcode == 0x38 || opcode == 0x3a)) {
                    continue;
                }
                for (int prefix : PREFIXES) {
                    for (int wide = 0; wide < 2; wide++) {
                        byEveryOperand(forms, handlers, prefix, wide, map, opcode, immediate);
                    }
                }
            }
        }
        return forms;
    }

    private static void byEveryOperand(List<Form> forms, HandlerTable handlers, int prefix, int wide, int map, int opcode, int immediate) {
        int[] operands = {REGISTERS, SAME_REGISTER, MEMORY};
        boolean group = map == 0 && (opcode >= 0x71 && opcode <= 0x73 || opcode == 0xae || opcode == 0xc7);
        if (group) {
            operands = new int[16];
            for (int i = 0; i < 8; i++) {
                operands[i] = 0xc2 | i << 3;
                operands[8 + i] = 0x07 | i << 3;
            }
        }
        for (int modrm : operands) {
            NativeCpu.Bytes b = new NativeCpu.Bytes();
            if (prefix != 0) {
                b.add(prefix);
            }
            if (wide != 0) {
                b.add(0x48);
            }
            b.add(0x0f);
            if (map != 0) {
                b.add(map);
            }
            b.add(opcode, modrm, immediate);
            Op op = Lowered.lower(handlers, b.array(), 64);
            if (op != null && op.handler != null && !excluded(op) && (wide == 0 || usesGeneral(op))) {
                byte[] code = java.util.Arrays.copyOf(b.array(), op.length);
                forms.add(new Form(code, op, 0));
            }
        }
    }

    private static boolean usesGeneral(Op op) {
        return op.k0 == Instruction.GPR || op.k1 == Instruction.GPR || op.mnemonic == Mnemonic.MOVQ || op.mnemonic == Mnemonic.PEXTRQ
            || op.mnemonic == Mnemonic.PINSRQ || op.mnemonic.name().startsWith("CVT") || op.mnemonic.name().startsWith("X") && op.k0 == Instruction.MEMORY
            || op.mnemonic.name().startsWith("FX");
    }

    /** Ring 0 only, or not for a process to try. */
    private static boolean excluded(Op op) {
        return op.mnemonic == Mnemonic.XSAVES || op.mnemonic == Mnemonic.XRSTORS;
    }

    /** Loads or stores an image of state. */
    boolean isImage() {
        return switch (op.mnemonic) {
            case FXSAVE, FXRSTOR, XSAVE, XRSTOR, XSAVEC, XSAVEOPT, FNSTENV, FLDENV, FNSAVE, FRSTOR -> true;
            default -> false;
        };
    }

    private static void add(List<Form> forms, HandlerTable handlers, int escape, int... code) {
        NativeCpu.Bytes b = new NativeCpu.Bytes().add(code);
        Op op = Lowered.lower(handlers, b.array(), 64);
        if (op != null && op.length == code.length) {
            forms.add(new Form(b.array(), op, escape));
        }
    }
}
