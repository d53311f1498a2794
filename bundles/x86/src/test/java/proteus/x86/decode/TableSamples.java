package proteus.x86.decode;

import static proteus.x86.decode.OpcodeTable.*;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Sample instructions for every line of the opcode table, encoded by that line. */
public final class TableSamples {
    /** Where the samples stand. */
    public static final long ADDRESS = 0x1000;

    private static final int NONE = Instruction.NO_REGISTER;
    private static final int AX = 0, CX = 1, DX = 2, BX = 3, BP = 5, SI = 6, DI = 7, R9 = 9, R10 = 10, R12 = 12, R13 = 13;

    /** Register numbers of the operands: low, high, mixed, and those that only EVEX has. */
    private static final int[][] NUMBERS = {{1, 2, 3, 4, 5}, {8, 9, 10, 11, 12}, {1, 10, 11, 12, 13}, {17, 18, 19, 20, 21}};

    /** A memory operand to try, with the address size its registers have. */
    private record Place(int addressSize, int base, int index, int scale, long displacement) {
    }

    private static final Map<Integer, List<Place>> PLACES = Map.of(
        16, List.of(new Place(16, BX, SI, 0, 5), new Place(16, NONE, NONE, 0, 0x1234), new Place(16, BP, NONE, 0, -0x1234), new Place(32, AX, CX, 2, -0x80)),
        32, List.of(new Place(32, BX, NONE, 0, 0), new Place(32, BP, SI, 3, 0x12345), new Place(32, NONE, NONE, 0, 0x1234567), new Place(32, NONE, DI, 2, 0x40),
            new Place(16, BP, DI, 0, 0x1234)),
        64, List.of(new Place(64, AX, R9, 1, 0x10), new Place(64, Instruction.RIP, NONE, 0, 0x1000), new Place(64, R12, NONE, 0, 0), new Place(64, R13, NONE, 0, 0),
            new Place(64, NONE, NONE, 0, 0x1234567), new Place(32, CX, BX, 0, -1)));

    private static final Map<Integer, Map<String, List<Sample>>> ALL = new ConcurrentHashMap<>();

    private TableSamples() {
    }

    /** A sample: the line of the table as it is written there, and bytes that this line encodes. */
    public record Sample(String line, byte[] bytes, int mode) {
    }

    /** Samples by line; a line that nothing encodes has an empty list. */
    public static Map<String, List<Sample>> all(int mode) {
        return ALL.computeIfAbsent(mode, TableSamples::encodeAll);
    }

    private static Map<String, List<Sample>> encodeAll(int mode) {
        List<List<Sample>> samples = LINES.parallelStream().map(line -> of(line, mode)).toList();
        Map<String, List<Sample>> all = new LinkedHashMap<>();
        for (int i = 0; i < LINES.size(); i++) {
            all.computeIfAbsent(LINES.get(i).text(), text -> new ArrayList<>()).addAll(samples.get(i));
        }
        return all;
    }

    private static List<Sample> of(Line line, int mode) {
        Map<String, Sample> samples = new LinkedHashMap<>();
        boolean vector = line.map() >= MAP_0F + VEX;
        int flags = FLAGS[line.form()];
        for (int width = 0; width < 2; width++) {
            for (int prefix = 0; prefix < 2; prefix++) {
                for (int length = 0; length < 3; length++) {
                    boolean wide = mode == 64 && width != 0;
                    int state = (prefix != 0 ? Decoder.OPERAND_SIZE : 0) | (vector ? Decoder.VEX_PRESENT : 0);
                    int operand = Decoder.operandSize(mode, wide, flags, state);
                    for (EncodeRequest request : requests(line, mode, operand, wide, 128 << length)) {
                        byte[] bytes = Encoder.encode(request, line);
                        if (bytes != null) {
                            samples.putIfAbsent(HexFormat.of().formatHex(bytes), new Sample(line.text(), bytes, mode));
                        }
                    }
                }
            }
        }
        return List.copyOf(samples.values());
    }

    private static List<EncodeRequest> requests(Line line, int mode, int operand, boolean wide, int vector) {
        List<EncodeRequest> requests = new ArrayList<>();
        List<EncodeRequest> decorated = new ArrayList<>();
        for (int[] numbers : mode == 64 ? NUMBERS : new int[][] {NUMBERS[0]}) {
            requests.add(request(line, mode, operand, wide, vector, null, numbers));
            boolean first = numbers == NUMBERS[0];
            for (Place place : first ? PLACES.get(mode) : PLACES.get(mode).subList(0, 1)) {
                requests.add(request(line, mode, operand, wide, vector, place, numbers));
            }
            if (first && (FLAGS[line.form()] & (MASKABLE | BROADCAST_32 | BROADCAST_64 | SUPPRESS)) != 0) {
                decorated.addAll(decorations(line, requests.get(0)));
                decorated.addAll(decorations(line, requests.get(1)));
            }
        }
        requests.addAll(decorated);
        return requests;
    }

    private static List<EncodeRequest> decorations(Line line, EncodeRequest plain) {
        int flags = FLAGS[line.form()];
        List<EncodeRequest> all = new ArrayList<>();
        EncodeRequest masked = copy(plain);
        masked.maskRegister = 3;
        all.add(masked);
        if ((flags & ZEROABLE) != 0) {
            EncodeRequest zeroed = copy(masked);
            zeroed.zeroing = true;
            all.add(zeroed);
        }
        if (plain.memory != null && (flags & (BROADCAST_32 | BROADCAST_64)) != 0) {
            EncodeRequest broadcast = copy(plain);
            broadcast.broadcast = true;
            broadcast.operands.replaceAll(o -> o.kind() == Instruction.MEMORY ? EncodeRequest.Operand.memory((flags & BROADCAST_64) != 0 ? 64 : 32) : o);
            all.add(broadcast);
        }
        if (plain.memory == null && (flags & SUPPRESS) != 0) {
            EncodeRequest rounded = copy(plain);
            rounded.rounding = (flags & ROUNDING) != 0 ? 2 : EncodeRequest.SUPPRESS_EXCEPTIONS;
            all.add(rounded);
        }
        return all;
    }

    private static EncodeRequest copy(EncodeRequest from) {
        EncodeRequest to = new EncodeRequest();
        to.mnemonic = from.mnemonic;
        to.mode = from.mode;
        to.address = from.address;
        to.condition = from.condition;
        to.operandSize = from.operandSize;
        to.addressSize = from.addressSize;
        to.operands = new ArrayList<>(from.operands);
        to.memory = from.memory;
        to.maskRegister = from.maskRegister;
        return to;
    }

    private static EncodeRequest request(Line line, int mode, int operand, boolean wide, int vector, Place place, int[] numbers) {
        int flags = FLAGS[line.form()];
        EncodeRequest request = new EncodeRequest();
        request.mnemonic = MNEMONIC[line.form()];
        request.mode = mode;
        request.address = ADDRESS;
        request.condition = (flags & CONDITION) != 0 ? 5 : 0;
        request.addressSize = place == null ? mode : place.addressSize;
        if ((flags & STRING) != 0) {
            int code = OPERANDS[line.form() * Instruction.MAX_OPERANDS];
            request.operandSize = OperandCode.bits(OperandCode.registerSize(code), operand, mode, wide, vector, request.addressSize);
        } else if ((flags & BYTE_FORM) == 0) {
            request.operandSize = operand;
        }
        boolean memoryUsed = false;
        for (int i = 0; i < OPERAND_COUNT[line.form()]; i++) {
            int code = OPERANDS[line.form() * Instruction.MAX_OPERANDS + i];
            int bits = OperandCode.bits(OperandCode.registerSize(code), operand, mode, wide, vector, request.addressSize);
            int method = OperandCode.method(code);
            if (place != null && (OperandCode.isRm(method) || method == OperandCode.MOFFS)) {
                int memoryBits = OperandCode.bits(OperandCode.memorySize(code), operand, mode, wide, vector, request.addressSize);
                boolean vsib = (flags & VSIB) != 0;
                int index = vsib ? 6 : place.index;
                request.memory = new EncodeRequest.Memory(place.base, index, place.scale, place.displacement, 0, false);
                request.operands.add(EncodeRequest.Operand.memory(memoryBits));
                memoryUsed = true;
            } else {
                request.operands.add(operand(method, code, bits, operand, numbers[i]));
            }
        }
        if (place != null && !memoryUsed) {
            request.addressSize = mode;
        }
        return request;
    }

    private static EncodeRequest.Operand operand(int method, int code, int bits, int operand, int number) {
        int fixed = OperandCode.memorySize(code);
        return switch (method) {
            case OperandCode.RM_GPR, OperandCode.REG_GPR, OperandCode.OPCODE_GPR, OperandCode.VVVV_GPR -> register(Instruction.GPR, number & 15, bits);
            case OperandCode.FIXED_GPR -> register(Instruction.GPR, fixed, bits);
            case OperandCode.SEGMENT -> register(Instruction.SEGMENT, 3, 16);
            case OperandCode.FIXED_SEGMENT -> register(Instruction.SEGMENT, fixed, 16);
            case OperandCode.CONTROL -> register(Instruction.CONTROL, 3, 0);
            case OperandCode.DEBUG -> register(Instruction.DEBUG, 7, 0);
            case OperandCode.MOFFS -> EncodeRequest.Operand.immediate(0);
            case OperandCode.IMMEDIATE -> EncodeRequest.Operand.immediate(bits == 8 ? 0x12 : bits == 16 ? 0x1234 : bits == 32 || operand == 64 && bits < 64 ? 0x12345678 : 0x123456789ABCDEFL);
            case OperandCode.IMMEDIATE_SIGNED -> EncodeRequest.Operand.immediate(-3);
            case OperandCode.ONE -> EncodeRequest.Operand.immediate(1);
            case OperandCode.RELATIVE -> new EncodeRequest.Operand(Instruction.IMMEDIATE, 0, 0, bits == 8 ? ADDRESS + 0x40 : ADDRESS + 0x4000, false);
            case OperandCode.FAR -> new EncodeRequest.Operand(Instruction.FAR_POINTER, 8, operand, 0x1234, false);
            case OperandCode.ST_TOP -> register(Instruction.X87, 0, 0);
            case OperandCode.ST_RM -> register(Instruction.X87, 3, 0);
            case OperandCode.REG_MMX, OperandCode.RM_MMX -> register(Instruction.MMX, number & 7, 64);
            case OperandCode.XMM0 -> register(Instruction.XMM, 0, 128);
            case OperandCode.REG_MASK, OperandCode.RM_MASK, OperandCode.VVVV_MASK -> register(Instruction.MASK, number & 7, 0);
            default -> register(Decoder.vectorKind(bits), number, bits);
        };
    }

    private static EncodeRequest.Operand register(int kind, int number, int bits) {
        return EncodeRequest.Operand.register(kind, number, bits);
    }
}
