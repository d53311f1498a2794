package proteus.x86.decode;

import static proteus.x86.decode.OpcodeTable.*;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * The decoder turned round: finds the shortest bytes that decode to what is wanted, by trying the lines of the opcode table
 * that have the mnemonic. It knows no instruction of its own, and everything it returns has been decoded and compared.
 */
public final class Encoder {
    /** What came of a request. */
    public sealed interface Result {
    }

    /** The shortest encoding; of equal ones one without W, the first in the table. */
    public record Encoded(byte[] bytes) implements Result {
    }

    /** There is none.
     *
     * @param reason in words that continue "instruction: ..."
     */
    public record Refused(String reason) implements Result {
    }

    /** How far the best line got; later constants are closer misses. */
    private enum Miss {
        UNKNOWN("no such instruction"),
        MODE("does not exist in %d-bit code"),
        COUNT("wrong number of operands"),
        OPERANDS("no form in %d-bit code takes these operands"),
        ADDRESS("the address cannot be encoded"),
        VALUE("a value does not fit"),
        RANGE("the target is out of reach"),
        ILLEGAL("prefix or decoration not allowed with these operands");

        final String text;

        Miss(String text) {
            this.text = text;
        }
    }

    private static final Map<Mnemonic, List<Line>> BY_MNEMONIC = new EnumMap<>(Mnemonic.class);

    static {
        for (Line line : LINES) {
            BY_MNEMONIC.computeIfAbsent(MNEMONIC[line.form()], m -> new ArrayList<>()).add(line);
        }
        for (List<Line> lines : BY_MNEMONIC.values()) {
            lines.sort(Comparator.comparing(line -> line.text().contains("# undocumented")));
        }
    }

    private final EncodeRequest request;
    private final Instruction decoded = new Instruction();
    private byte[] best;
    private boolean bestIsWide;
    private int memorySize = -1;
    private boolean ambiguous;
    private Miss miss = Miss.UNKNOWN;

    private Encoder(EncodeRequest request) {
        this.request = request;
    }

    /** Finds the encoding of a request. */
    public static Result encode(EncodeRequest request) {
        Encoder encoder = new Encoder(request);
        for (Line line : BY_MNEMONIC.getOrDefault(request.mnemonic, List.of())) {
            encoder.tryLine(line);
        }
        if (encoder.ambiguous) {
            return new Refused("the size of the memory operand is missing (byte, word, dword, ...)");
        }
        return encoder.best == null ? new Refused(encoder.miss.text.replace("%d", Integer.toString(request.mode))) : new Encoded(encoder.best);
    }

    /** All encodings of a request by one line of the table, the shortest first; for tests of the table. */
    static byte[] encode(EncodeRequest request, Line line) {
        Encoder encoder = new Encoder(request);
        encoder.tryLine(line);
        return encoder.best;
    }

    static List<Line> lines(Mnemonic mnemonic) {
        return BY_MNEMONIC.getOrDefault(mnemonic, List.of());
    }

    private void tryLine(Line line) {
        int[] masks = line.masks();
        boolean long64 = request.mode == 64;
        if (masks[BY_MODE] != 0 && (masks[BY_MODE] >> (long64 ? 1 : 0) & 1) == 0) {
            miss(Miss.MODE);
            return;
        }
        boolean vector = line.map() >= MAP_0F + VEX;
        boolean evex = line.map() >= MAP_0F + EVEX;
        EncodeRequest.Family family = request.family;
        if (family != EncodeRequest.Family.ANY && (!vector || evex != (family == EncodeRequest.Family.EVEX))) {
            miss(Miss.OPERANDS);
            return;
        }
        int[] given = align(line);
        if (given == null) {
            miss(Miss.COUNT);
            return;
        }
        int prefixes = vector || (masks[BY_PREFIX] & (NO_66_REP | WITH_66)) == NO_66_REP || masks[BY_PREFIX] == WITH_66 ? 1 : 2;
        int widths = vector || long64 ? 2 : 1;
        int lengths = evex && request.rounding < 0 ? 3 : vector ? 2 : 1;
        for (int prefix = 0; prefix < prefixes; prefix++) {
            for (int wide = 0; wide < widths; wide++) {
                for (int length = 0; length < lengths; length++) {
                    tryForm(line, given, prefix != 0 || masks[BY_PREFIX] == WITH_66 && !vector, wide, length);
                }
            }
        }
    }

    private void miss(Miss stage) {
        if (stage.compareTo(miss) > 0) {
            miss = stage;
        }
    }

    /** Which given operand stands for each operand of a line, -1 for one that goes without saying; null if the numbers do not fit. */
    private int[] align(Line line) {
        int count = OPERAND_COUNT[line.form()];
        int missing = count - request.operands.size();
        int[] given = new int[count];
        int next = 0;
        for (int i = 0; i < count; i++) {
            int method = OperandCode.method(code(line, i));
            boolean implied = missing > 0 && (method == OperandCode.ST_TOP || method == OperandCode.XMM0);
            given[i] = implied ? -1 : next++;
        }
        return next == request.operands.size() ? given : null;
    }

    private static int code(Line line, int operand) {
        return OPERANDS[line.form() * Instruction.MAX_OPERANDS + operand];
    }

    private void tryForm(Line line, int[] given, boolean prefix66, int wideBit, int length) {
        int[] masks = line.masks();
        boolean long64 = request.mode == 64;
        boolean vector = line.map() >= MAP_0F + VEX;
        if (masks[BY_W] != 0 && (masks[BY_W] >> wideBit & 1) == 0) {
            return;
        }
        int shown = request.rounding >= 0 ? 2 : length;
        if (vector && masks[BY_LENGTH] != 0 && (masks[BY_LENGTH] >> shown & 1) == 0) {
            return;
        }
        int flags = FLAGS[line.form()];
        int state = (prefix66 ? Decoder.OPERAND_SIZE : 0) | (vector ? Decoder.VEX_PRESENT : 0);
        boolean wide = long64 && wideBit != 0;
        int operand = Decoder.operandSize(request.mode, wide, flags, state);
        if (request.operandSize != 0 && request.operandSize != operand && (flags & (STRING | BYTE_FORM)) == 0) {
            miss(Miss.ILLEGAL);
            return;
        }
        if (prefix66 && !vector && !mayChooseSize(line)) {
            return;
        }
        Emission out = new Emission(request, line, operand, wideBit != 0, 128 << shown);
        Emission.Outcome outcome = out.emit(given, prefix66, length);
        switch (outcome) {
            case OPERANDS -> miss(Miss.OPERANDS);
            case ADDRESS -> miss(Miss.ADDRESS);
            case VALUE -> miss(Miss.VALUE);
            case RANGE -> miss(Miss.RANGE);
            case DONE -> accept(line, given, out.bytes(), wideBit != 0);
        }
    }

    /** Whether a prefix may change the operand size: only if that was asked for or an operand tells it. A branch shall not get shorter by losing half of EIP. */
    private boolean mayChooseSize(Line line) {
        if (request.operandSize != 0 || line.masks()[BY_PREFIX] == WITH_66 || (FLAGS[line.form()] & STRING) != 0) {
            return true;
        }
        for (EncodeRequest.Operand operand : request.operands) {
            if ((operand.kind() == Instruction.IMMEDIATE || operand.kind() == Instruction.FAR_POINTER) && operand.size() > 8) {
                return true;
            }
        }
        for (int i = 0; i < OPERAND_COUNT[line.form()]; i++) {
            int code = code(line, i);
            boolean valued = switch (OperandCode.method(code)) {
                case OperandCode.IMMEDIATE, OperandCode.IMMEDIATE_SIGNED, OperandCode.ONE, OperandCode.RELATIVE, OperandCode.FAR, OperandCode.FIXED_SEGMENT -> true;
                default -> false;
            };
            if (!valued) {
                return true;
            }
        }
        return false;
    }

    private void accept(Line line, int[] given, byte[] bytes, boolean wide) {
        if (bytes.length > Instruction.MAX_LENGTH) {
            miss(Miss.ILLEGAL);
            return;
        }
        int length = Decoder.decode(at -> bytes[at] & 0xFF, request.mode, decoded);
        if (length != bytes.length || !RequestMatch.matches(request, given, decoded)) {
            miss(Miss.ILLEGAL);
            return;
        }
        noteMemorySize(line);
        if (best == null || bytes.length < best.length || bytes.length == best.length && bestIsWide && !wide) {
            best = bytes;
            bestIsWide = wide;
        }
    }

    /** Notices that lines disagree on the size of a memory operand whose size nobody gave. */
    private void noteMemorySize(Line line) {
        for (int i = 0; i < decoded.operandCount; i++) {
            if (decoded.kind[i] == Instruction.MEMORY && !defaultsToMode(line, i) && request.operands.stream().noneMatch(o -> o.kind() == Instruction.MEMORY && o.size() != 0)) {
                ambiguous |= memorySize >= 0 && memorySize != decoded.size[i];
                memorySize = decoded.size[i];
            }
        }
    }

    /** Branches take the size of the mode when none is given; NOP reads nothing. */
    private boolean defaultsToMode(Line line, int operand) {
        return switch (MNEMONIC[line.form()]) {
            case CALL, JMP, NOP -> true;
            default -> OperandCode.memorySize(code(line, operand)) == OperandCode.P;
        };
    }
}
