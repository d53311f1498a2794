package proteus.x86.decode;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The opcode maps as arrays, parsed once from the texts of the map classes.
 *
 * <p>A line of a map is {@code [conditions] opcode[/modrm] MNEMONIC [operands] [flags] [# remark]}, in the notation of SDM
 * vol. 2, chapter 3.1.1 and appendix A:
 * <ul>
 * <li>conditions: {@code NP} (no 66, F2, F3), {@code 66}, {@code F3}, {@code F2} (mandatory prefix), {@code NFx} (no F2, F3), {@code REX.W},
 *     {@code REX.B}; none: prefixes keep their ordinary meaning;</li>
 * <li>opcode: {@code 80}, {@code 70-7F}, {@code 0F A2}, {@code 0F 38 F0}, {@code VEX.256.66.0F38.W0 18}, {@code EVEX.512.66.0F.W1 6F};
 *     parts of VEX and EVEX not written (or LIG, WIG) may be anything, {@code LZ} is L = 0;</li>
 * <li>modrm: {@code /4} is reg = 4; {@code /4/m} memory only, {@code /4/r} register only, {@code /4.1} mod = 3, reg = 4, rm = 1;</li>
 * <li>operands: method and size letters of A.2.1 and A.2.2. Beyond these: {@code Z} GPR in the low opcode bits, {@code K k h} mask
 *     register in reg, rm, vvvv, {@code Ibs} sign-extended byte, {@code Rv/Mw} sizes that differ; sizes {@code r} natural width of the mode,
 *     {@code j} address size, {@code h f e} half, quarter, eighth of the vector {@code x}, {@code xd} 64 for 128 and the vector else;</li>
 * <li>flags: {@code i64} not in 64-bit mode, {@code o64} only there, {@code d64} default operand 64 there, {@code f64} forced 64 there,
 *     {@code LOCK} lockable with a memory destination, {@code anymod} mod is ignored (register form), {@code vsib}; EVEX: {@code k} may be
 *     masked, {@code kz} masked or zeroed, {@code b32 b64} broadcast of an element, {@code er sae} embedded rounding.</li>
 * </ul>
 * Of the lines that fit an encoding the one with most conditions counts; a tie is an error of the table.
 */
final class OpcodeTable {
    static final int ONE_BYTE = 0, MAP_0F = 1, MAP_0F38 = 2, MAP_0F3A = 3, VEX = 3, EVEX = 6, MAPS = 10;

    // Flags of a form
    static final int LOCKABLE = 1, DEFAULT_64 = 1 << 1, FORCED_64 = 1 << 2, MODRM = 1 << 3, MANDATORY_66 = 1 << 4, MANDATORY_REP = 1 << 5,
        CONDITION = 1 << 6, BYTE_FORM = 1 << 7, ANY_MOD = 1 << 8, USES_VVVV = 1 << 9, VSIB = 1 << 10, MASKABLE = 1 << 11, ZEROABLE = 1 << 12,
        BROADCAST_32 = 1 << 13, BROADCAST_64 = 1 << 14, ROUNDING = 1 << 15, SUPPRESS = 1 << 16, NEEDS_MASK = 1 << 17, STRING = 1 << 18;

    // What a decision block asks; the number of cells of each
    static final int BY_MODE = 0, BY_PREFIX = 1, BY_W = 2, BY_REX_B = 3, BY_LENGTH = 4, BY_MOD = 5, BY_REG = 6, BY_RM = 7;
    private static final int[] WIDTH = {2, 4, 2, 2, 4, 2, 8, 8};

    static final int NO_66_REP = 1, WITH_66 = 2, WITH_F3 = 4, WITH_F2 = 8, MEMORY = 1, REGISTER = 2;
    private static final int FORMS = 4096, CELLS = 1 << 16;

    /** Map * 256 + opcode: 0 undefined, positive a form, negative a block in {@link #NODES}. */
    static final int[] ROOT = new int[MAPS * 256];
    /** Blocks: what is asked, then one cell per answer, each as in {@link #ROOT}. */
    static final int[] NODES;
    static final Mnemonic[] MNEMONIC;
    static final int[] FLAGS;
    /** {@link OperandCode}s, {@link Instruction#MAX_OPERANDS} per form. */
    static final char[] OPERANDS;
    static final byte[] OPERAND_COUNT;
    /** The lines of the tables as they were written, for the way back from operands to bytes. */
    static final List<Line> LINES;

    static {
        Builder builder = new Builder();
        for (String table : List.of(OneByteMap.TABLE, TwoByteMap.TABLE, X87Map.TABLE, SseMap.TABLE, VexMap.TABLE, EvexMap.TABLE)) {
            builder.addAll(table);
        }
        builder.mnemonics[0] = Mnemonic.INVALID;
        builder.build();
        NODES = Arrays.copyOf(builder.nodes, builder.nodesUsed);
        MNEMONIC = Arrays.copyOf(builder.mnemonics, builder.formsUsed);
        FLAGS = Arrays.copyOf(builder.flags, builder.formsUsed);
        OPERANDS = Arrays.copyOf(builder.operands, builder.formsUsed * Instruction.MAX_OPERANDS);
        OPERAND_COUNT = Arrays.copyOf(builder.operandCounts, builder.formsUsed);
        LINES = List.copyOf(builder.all);
    }

    private OpcodeTable() {
    }

    /** A line: a form and the encodings it is for, opcodes of a map and one mask of allowed answers per question (0: any). */
    record Line(int form, int[] masks, int conditions, int map, int firstOpcode, int lastOpcode, String text) {
    }

    /** A parsed operand column: codes, the flags and the condition on mod it implies. */
    private record Column(char[] codes, int flags, int mod) {
    }

    /** A parsed VEX or EVEX condition. */
    private record Encoding(int map, int[] masks) {
    }

    private static final class Builder {
        private final Map<String, Column> columns = new HashMap<>();
        private final Map<String, Encoding> encodings = new HashMap<>();
        final int[] nodes = new int[CELLS];
        int nodesUsed = 1;
        final Mnemonic[] mnemonics = new Mnemonic[FORMS];
        final int[] flags = new int[FORMS];
        final char[] operands = new char[FORMS * Instruction.MAX_OPERANDS];
        final byte[] operandCounts = new byte[FORMS];
        int formsUsed = 1;
        @SuppressWarnings({"unchecked", "rawtypes"})
        private final List<Line>[] lines = new List[MAPS * 256];
        final List<Line> all = new ArrayList<>(2048);

        void addAll(String table) {
            for (int start = 0; start < table.length();) {
                int end = table.indexOf('\n', start);
                add(table.substring(start, end));
                start = end + 1;
            }
        }

        private void add(String line) {
            int remark = line.indexOf('#');
            List<String> words = split(remark < 0 ? line : line.substring(0, remark), ' ');
            if (words.isEmpty()) {
                return;
            }
            try {
                parse(words, line.strip());
            } catch (RuntimeException e) {
                throw new IllegalStateException("opcode table: " + line, e);
            }
        }

        /** The non-empty parts between separators. */
        private static List<String> split(String text, char separator) {
            List<String> parts = new ArrayList<>(8);
            int length = text.length();
            for (int at = 0; at < length;) {
                int end = text.indexOf(separator, at);
                end = end < 0 ? length : end;
                if (end > at) {
                    parts.add(text.substring(at, end));
                }
                at = end + 1;
            }
            return parts;
        }

        private void parse(List<String> words, String text) {
            int[] masks = new int[WIDTH.length];
            int map = ONE_BYTE;
            int at = 0;
            boolean more = true;
            while (more) {
                String word = words.get(at);
                switch (word) {
                    case "NP" -> masks[BY_PREFIX] = NO_66_REP;
                    case "66" -> masks[BY_PREFIX] = WITH_66;
                    case "F3" -> masks[BY_PREFIX] = WITH_F3;
                    case "F2" -> masks[BY_PREFIX] = WITH_F2;
                    case "NFx" -> masks[BY_PREFIX] = NO_66_REP | WITH_66;
                    case "REX.W" -> masks[BY_W] = 2;
                    case "REX.B" -> masks[BY_REX_B] = 2;
                    case "0F" -> map = MAP_0F;
                    default -> {
                        if (map == MAP_0F && (word.equals("38") || word.equals("3A"))) {
                            map = word.equals("38") ? MAP_0F38 : MAP_0F3A;
                        } else if (word.indexOf("VEX.") >= 0) {
                            map = vector(word, masks);
                        } else {
                            more = false;
                            continue;
                        }
                    }
                }
                at++;
                // F2 and F3 and 66 are no opcodes of the one-byte map, but are opcodes of the others
                if (map != ONE_BYTE && !words.get(at).equals("38") && !words.get(at).equals("3A")) {
                    more = false;
                }
            }
            String key = words.get(at);
            int form = formsUsed++;
            mnemonics[form] = Mnemonic.valueOf(words.get(at + 1));
            int flag = key.indexOf('/') >= 0 ? MODRM : 0;
            if (masks[BY_PREFIX] == WITH_66) {
                flag |= MANDATORY_66;
            } else if (masks[BY_PREFIX] == WITH_F2 || masks[BY_PREFIX] == WITH_F3) {
                flag |= MANDATORY_REP;
            }
            for (String word : words.subList(at + 2, words.size())) {
                switch (word) {
                    case "i64" -> masks[BY_MODE] = 1;
                    case "o64" -> masks[BY_MODE] = 2;
                    case "d64" -> flag |= DEFAULT_64;
                    case "f64" -> flag |= FORCED_64;
                    case "LOCK" -> flag |= LOCKABLE;
                    case "anymod" -> flag |= ANY_MOD;
                    case "vsib" -> flag |= VSIB;
                    case "k" -> flag |= MASKABLE;
                    case "kz" -> flag |= MASKABLE | ZEROABLE;
                    case "kk" -> flag |= MASKABLE | NEEDS_MASK;
                    case "b32" -> flag |= BROADCAST_32;
                    case "b64" -> flag |= BROADCAST_64;
                    case "er" -> flag |= ROUNDING | SUPPRESS;
                    case "sae" -> flag |= SUPPRESS;
                    default -> flag |= operands(form, word, masks);
                }
            }
            if ((flag & ANY_MOD) != 0) {
                masks[BY_MOD] = 0;
            }
            Mnemonic mnemonic = mnemonics[form];
            if (mnemonic == Mnemonic.JCC || mnemonic == Mnemonic.SETCC || mnemonic == Mnemonic.CMOVCC) {
                flag |= CONDITION;
            }
            flags[form] = flag;
            modRm(key, masks);
            int first = Integer.parseInt(key, 0, 2, 16);
            int last = key.indexOf('-') == 2 ? Integer.parseInt(key, 3, 5, 16) : first;
            int conditions = 0;
            for (int mask : masks) {
                conditions += mask == 0 ? 0 : 1;
            }
            Line line = new Line(form, masks, conditions, map, first, last, text);
            all.add(line);
            for (int opcode = first; opcode <= last; opcode++) {
                int cell = map << 8 | opcode;
                if (lines[cell] == null) {
                    lines[cell] = new ArrayList<>(4);
                }
                lines[cell].add(line);
            }
        }

        /** Parses VEX.L.pp.map.W into masks; answers the map. */
        private int vector(String word, int[] masks) {
            Encoding encoding = encodings.get(word);
            if (encoding == null) {
                encoding = encoding(word);
                encodings.put(word, encoding);
            }
            System.arraycopy(encoding.masks, 0, masks, 0, masks.length);
            return encoding.map;
        }

        private static Encoding encoding(String word) {
            boolean evex = word.charAt(0) == 'E';
            int[] masks = new int[WIDTH.length];
            int map = 0;
            for (int at = word.indexOf('.') + 1; at > 0;) {
                int dot = word.indexOf('.', at);
                String part = dot < 0 ? word.substring(at) : word.substring(at, dot);
                at = dot + 1;
                switch (part) {
                    case "128", "LZ" -> masks[BY_LENGTH] = 1;
                    case "256", "L1" -> masks[BY_LENGTH] = 2;
                    case "512" -> masks[BY_LENGTH] = 4;
                    case "256+" -> masks[BY_LENGTH] = 6;
                    case "NP" -> masks[BY_PREFIX] = NO_66_REP;
                    case "66" -> masks[BY_PREFIX] = WITH_66;
                    case "F3" -> masks[BY_PREFIX] = WITH_F3;
                    case "F2" -> masks[BY_PREFIX] = WITH_F2;
                    case "0F" -> map = MAP_0F;
                    case "0F38" -> map = MAP_0F38;
                    case "0F3A" -> map = MAP_0F3A;
                    case "W0" -> masks[BY_W] = 1;
                    case "W1" -> masks[BY_W] = 2;
                    case "LIG", "WIG" -> { }
                    default -> throw new IllegalArgumentException(part);
                }
            }
            return new Encoding(map + (evex ? EVEX : VEX), masks);
        }

        /** Reads what follows the opcode: /reg, /reg/m, /reg/r, /reg.rm. */
        private static void modRm(String key, int[] masks) {
            for (int at = key.indexOf('/'); at > 0 && at < key.length(); at += 2) {
                char c = key.charAt(at + 1);
                if (key.charAt(at) == '.') {
                    masks[BY_RM] = 1 << c - '0';
                    masks[BY_MOD] = REGISTER;
                } else if (c == 'm') {
                    masks[BY_MOD] = MEMORY;
                } else if (c == 'r') {
                    masks[BY_MOD] = REGISTER;
                } else {
                    masks[BY_REG] = 1 << c - '0';
                }
            }
        }

        /** Sets the operands of a form; answers the flags they imply. */
        private int operands(int form, String text, int[] masks) {
            Column column = columns.get(text);
            if (column == null) {
                column = column(text);
                columns.put(text, column);
            }
            System.arraycopy(column.codes, 0, operands, form * Instruction.MAX_OPERANDS, column.codes.length);
            operandCounts[form] = (byte) ((column.flags & STRING) == 0 ? column.codes.length : 0);
            if (column.mod != 0) {
                masks[BY_MOD] = column.mod;
            }
            return column.flags;
        }

        private static Column column(String column) {
            List<String> texts = split(column, ',');
            char[] codes = new char[texts.size()];
            int count = 0;
            int flags = 0;
            int mod = 0;
            boolean bytes = false;
            boolean other = false;
            for (String text : texts) {
                char code = OperandCode.parse(text);
                int method = OperandCode.method(code);
                if (OperandCode.usesModRm(method)) {
                    flags |= MODRM;
                }
                if (OperandCode.usesVvvv(method)) {
                    flags |= USES_VVVV;
                }
                if (OperandCode.isRm(method) && text.indexOf('/') < 0) {
                    mod = switch (text.charAt(0)) {
                        case 'M' -> MEMORY;
                        case 'R', 'U', 'N', 'k' -> REGISTER;
                        default -> mod;
                    };
                }
                if (OperandCode.decidesSize(method) && !text.equals("DX") && !text.equals("CL")) {
                    boolean isByte = OperandCode.registerSize(code) == OperandCode.B;
                    bytes |= isByte;
                    other |= !isByte;
                }
                if (method == OperandCode.STRING) {
                    // Only the size of the element is wanted of [rSI] and [rDI]
                    return new Column(new char[] {code}, flags | STRING, 0);
                }
                codes[count++] = code;
            }
            return new Column(codes, bytes && !other ? flags | BYTE_FORM : flags, mod);
        }

        void build() {
            for (int cell = 0; cell < lines.length; cell++) {
                if (lines[cell] != null) {
                    ROOT[cell] = node(lines[cell], 0);
                }
            }
        }

        private int node(List<Line> fitting, int question) {
            if (fitting.isEmpty()) {
                return 0;
            }
            int asked = question;
            while (asked < WIDTH.length && !asks(fitting, asked)) {
                asked++;
            }
            if (asked == WIDTH.length) {
                return best(fitting);
            }
            int block = nodesUsed;
            nodesUsed += 1 + WIDTH[asked];
            nodes[block] = asked;
            for (int answer = 0; answer < WIDTH[asked]; answer++) {
                List<Line> left = new ArrayList<>(fitting.size());
                for (Line line : fitting) {
                    if (line.masks[asked] == 0 || (line.masks[asked] >> answer & 1) != 0) {
                        left.add(line);
                    }
                }
                nodes[block + 1 + answer] = node(left, asked + 1);
            }
            return -block;
        }

        private static boolean asks(List<Line> lines, int question) {
            for (Line line : lines) {
                if (line.masks[question] != 0) {
                    return true;
                }
            }
            return false;
        }

        private int best(List<Line> lines) {
            Line best = lines.get(0);
            boolean tie = false;
            for (Line line : lines.subList(1, lines.size())) {
                if (line.conditions > best.conditions) {
                    best = line;
                    tie = false;
                } else {
                    tie |= line.conditions == best.conditions;
                }
            }
            if (tie) {
                throw new IllegalStateException("opcode table: two lines for one encoding of " + mnemonics[best.form]);
            }
            return best.form;
        }
    }
}
