package proteus.conform.cases;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import proteus.conform.state.Mode;
import proteus.x86.decode.Decoder;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** All forms that there are, found by asking the decoder for the meaning of every prefix, opcode and ModRM byte. */
final class Catalogue {
    private static final int[] PREFIXES = {0, 0x66, 0xf3, 0xf2};
    private static final int VEX_3 = 0xc4, REX_W = 0x48, LOCK = 0xf0;
    private static final byte FILLER = 0x11;
    private static final int REGISTER_FORMS = 0xc0, SIB = 4;

    private final Map<Family, Map<Mnemonic, List<Form>>> forms = new EnumMap<>(Family.class);
    private final Set<String> seen = new HashSet<>();
    private final Mode mode;
    private final Set<String> features;
    private final Instruction decoded = new Instruction();
    private final byte[] bytes = new byte[32];

    /** @param features that both processors have */
    Catalogue(Mode mode, Set<String> features) {
        this.mode = mode;
        this.features = features;
        for (int map = 0; map < 4; map++) {
            for (int opcode = 0; opcode < 256; opcode++) {
                if (map == 0 && isPrefix(opcode) || map == 1 && isEscape(opcode)) {
                    continue;
                }
                for (int prefix : PREFIXES) {
                    for (int wide = 0; wide < 2; wide++) {
                        if (mode.isLong() || wide == 0) {
                            add(map, opcode, prefix, wide != 0, false, 0);
                        }
                        for (int length = 0; length < 2 && map > 0; length++) {
                            add(map, opcode, prefix, wide != 0, true, length);
                        }
                    }
                }
            }
        }
    }

    /** Bytes that are no opcodes: prefixes, and the ways into other maps. */
    private boolean isPrefix(int b) {
        return switch (b) {
            case 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, LOCK, 0xf2, 0xf3, 0x0f -> true;
            default -> mode.isLong() && ((b & 0xf0) == 0x40 || isVectorPrefix(b));
        };
    }

    /** EVEX and VEX; outside of 64-bit mode only with what would be a ModRM byte with a register. */
    private static boolean isVectorPrefix(int b) {
        return b == 0x62 || b == VEX_3 || b == 0xc5;
    }

    /** The ways from 0F into the maps 0F38 and 0F3A: what follows is no ModRM byte but an opcode. */
    private static boolean isEscape(int opcode) {
        return opcode == 0x38 || opcode == 0x3a;
    }

    /** Forms by instruction. */
    Map<Mnemonic, List<Form>> of(Family family) {
        return forms.getOrDefault(family, Map.of());
    }

    private void add(int map, int opcode, int prefix, boolean wide, boolean vex, int length) {
        int start = head(bytes, map, opcode, prefix, wide, vex, length);
        decode(start, 0x05);
        if (decoded.mnemonic != Mnemonic.INVALID && decoded.mod < 0) {
            offer(map, opcode, prefix, wide, vex, length, false, false, new int[] {0}, start, 0);
            return;
        }
        if (vex || map > 0 || !isVectorPrefix(opcode)) {
            grid(map, opcode, prefix, wide, vex, length, start, false);
        }
        grid(map, opcode, prefix, wide, vex, length, start, true);
    }

    /** The ModRM bytes of register or memory forms, those together that mean the same. */
    private void grid(int map, int opcode, int prefix, boolean wide, boolean vex, int length, int start, boolean memory) {
        Map<String, int[]> alike = new LinkedHashMap<>();
        for (int reg = memory ? 0 : REGISTER_FORMS; reg < (memory ? 64 : 256); reg += memory ? 8 : 1) {
            int low = reg;
            decode(start, low);
            if (decoded.mnemonic == Mnemonic.INVALID && memory) {
                low = reg | SIB; // an operand with a vector of indices has no other way
                decode(start, low);
            }
            if (decoded.mnemonic != Mnemonic.INVALID) {
                int[] values = alike.getOrDefault(signature(), new int[0]);
                int[] more = Arrays.copyOf(values, values.length + 1);
                more[values.length] = low;
                alike.put(signature(), more);
            }
        }
        for (int[] values : alike.values()) {
            offer(map, opcode, prefix, wide, vex, length, true, memory, values, start, values[0]);
        }
    }

    private void offer(int map, int opcode, int prefix, boolean wide, boolean vex, int length, boolean modrm, boolean memory, int[] values, int start, int low) {
        decode(start, low);
        Mnemonic mnemonic = decoded.mnemonic;
        Family family = Family.of(mnemonic);
        if (!Family.available(decoded, features) || excluded()) {
            return;
        }
        boolean string = family == Family.STRING;
        if ((decoded.rep || decoded.repne) && !string) {
            return; // the prefix means nothing
        }
        String key = (vex ? "V" : "") + map + '/' + opcode + '/' + signature() + decoded.rep + decoded.repne;
        if (!seen.add(key)) {
            return;
        }
        boolean lockable = false;
        if (memory && !vex) {
            byte[] plain = Arrays.copyOf(bytes, bytes.length);
            bytes[0] = (byte) LOCK;
            System.arraycopy(plain, 0, bytes, 1, plain.length - 1);
            Decoder.decode(i -> bytes[i], mode.bits, decoded);
            lockable = decoded.mnemonic == mnemonic;
            System.arraycopy(plain, 0, bytes, 0, plain.length);
        }
        forms.computeIfAbsent(family, f -> new LinkedHashMap<>()).computeIfAbsent(mnemonic, m -> new ArrayList<>())
            .add(new Form(family, mnemonic, map, opcode, prefix, wide, vex, length, modrm, memory, values, lockable));
    }

    /** Of an instruction in a family, a form that is not tried. */
    private boolean excluded() {
        return switch (decoded.mnemonic) {
            // the manual leaves the result undefined (SDM vol. 2A, BSWAP)
            case BSWAP -> decoded.operandSize == 16;
            // MOVD with a general register is MMX's or SSE2's; all else as the table says
            case MOV_CR, MOV_DR -> decoded.lock;
            default -> false;
        };
    }

    private String signature() {
        StringBuilder s = new StringBuilder(decoded.mnemonic.name()).append(decoded.operandSize).append(' ').append(decoded.vectorLength);
        for (int i = 0; i < decoded.operandCount; i++) {
            s.append(' ').append(decoded.kind[i] == Instruction.GPR8_HIGH ? Instruction.GPR : decoded.kind[i]).append(':').append(decoded.size[i]);
        }
        return s.toString();
    }

    private void decode(int start, int modrm) {
        bytes[start] = (byte) modrm;
        Arrays.fill(bytes, start + 1, bytes.length, FILLER);
        Decoder.decode(i -> bytes[i], mode.bits, decoded);
    }

    /** Writes all in front of ModRM and answers where that is; no register extended, VEX.vvvv unused. */
    private static int head(byte[] bytes, int map, int opcode, int prefix, boolean wide, boolean vex, int length) {
        int at = 0;
        if (vex) {
            bytes[at++] = (byte) VEX_3;
            bytes[at++] = (byte) (0xe0 | map);
            bytes[at++] = (byte) ((wide ? 0x80 : 0) | 0x78 | length << 2 | pp(prefix));
        } else {
            if (prefix != 0) {
                bytes[at++] = (byte) prefix;
            }
            if (wide) {
                bytes[at++] = REX_W;
            }
            at = escape(bytes, at, map);
        }
        bytes[at++] = (byte) opcode;
        return at;
    }

    static int escape(byte[] bytes, int at, int map) {
        int next = at;
        if (map > 0) {
            bytes[next++] = 0x0f;
        }
        if (map > 1) {
            bytes[next++] = (byte) (map == 2 ? 0x38 : 0x3a);
        }
        return next;
    }

    static int pp(int prefix) {
        return switch (prefix) {
            case 0x66 -> 1;
            case 0xf3 -> 2;
            case 0xf2 -> 3;
            default -> 0;
        };
    }
}
