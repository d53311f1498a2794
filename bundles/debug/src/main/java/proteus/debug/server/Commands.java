package proteus.debug.server;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import proteus.api.state.ArchState;
import proteus.api.vm.DebugAttachment;
import proteus.debug.rsp.Hex;
import proteus.debug.rsp.MalformedPacketException;
import proteus.debug.rsp.Packets;
import proteus.debug.target.Registers;
import proteus.debug.target.TargetDescription;

/** What each packet means (GDB manual, E.2 "Packets" and E.4 "General Query Packets"). An unknown packet has the empty answer. */
final class Commands {
    /** Errors: numbers mean nothing to GDB but are those of errno. */
    static final String INVALID = "E16", FAILED = "E05", NO_MEMORY = "E0e";

    private static final Action OK = new Action.Reply("OK"), UNKNOWN = new Action.Reply("");
    private static final String FEATURES = "qXfer:features:read:";
    /** Digits of an answer must fit into a packet. */
    private static final int MOST_MEMORY = Packets.MOST / 2 - 16;
    private static final int MOST_DESCRIPTION = 0x1000;

    private final Guest guest;
    private final Breakpoints breakpoints;
    private final DebugAttachment attachment;
    private final Monitor monitor;
    private final byte[] description;

    Commands(Guest guest, Breakpoints breakpoints, DebugAttachment attachment, Monitor monitor) {
        this.guest = guest;
        this.breakpoints = breakpoints;
        this.attachment = attachment;
        this.monitor = monitor;
        description = TargetDescription.of(guest.registers()).getBytes(StandardCharsets.US_ASCII);
    }

    Action execute(String packet) {
        if (packet.isEmpty()) {
            return UNKNOWN;
        }
        String rest = packet.substring(1);
        return switch (packet.charAt(0)) {
            case '?' -> new Action.Status();
            case 'g' -> new Action.Reply(Hex.encode(guest.registers().read(guest.state())));
            case 'G' -> writeRegisters(Hex.decode(rest));
            case 'p' -> readRegister(rest);
            case 'P' -> writeRegister(rest);
            case 'm' -> readMemory(rest);
            case 'M' -> writeMemory(rest, false);
            case 'X' -> writeMemory(rest, true);
            case 'c' -> goOn(rest);
            case 'C' -> goOn(afterSignal(rest));
            case 's' -> step(rest);
            case 'S' -> step(afterSignal(rest));
            case 'Z' -> point(rest, true);
            case 'z' -> point(rest, false);
            case 'H', 'T' -> OK;
            case 'D' -> new Action.Detach();
            case 'k' -> new Action.Kill(false);
            case 'q', 'Q' -> query(packet);
            case 'v' -> multiLetter(packet);
            default -> UNKNOWN;
        };
    }

    private Action query(String packet) {
        if (packet.startsWith(FEATURES)) {
            return features(packet.substring(FEATURES.length()));
        }
        if (packet.startsWith("qRcmd,")) {
            String words = new String(Hex.decode(packet.substring(6)), StandardCharsets.UTF_8);
            return new Action.Replies(monitor.answer(words));
        }
        return switch (packet.split("[:,]", 2)[0]) {
            case "qSupported" -> new Action.Reply(
                    "PacketSize=%x;qXfer:features:read+;QStartNoAckMode+;vContSupported+;swbreak+;hwbreak+".formatted(Packets.MOST));
            case "QStartNoAckMode" -> new Action.NoAcknowledgments();
            case "qAttached" -> new Action.Reply("1");
            case "qC" -> new Action.Reply("QC01");
            case "qfThreadInfo" -> new Action.Reply("m01");
            case "qsThreadInfo" -> new Action.Reply("l");
            case "qThreadExtraInfo" -> new Action.Reply(Hex.encode("vCPU 0"));
            case "qSymbol" -> OK;
            default -> UNKNOWN;
        };
    }

    private Action multiLetter(String packet) {
        if (packet.equals("vCont?")) {
            return new Action.Reply("vCont;c;C;s;S;r");
        }
        if (packet.startsWith("vCont;")) {
            // one vCPU: the leftmost action that matches it is the first
            String action = packet.substring(6).split("[;:]", 2)[0];
            if (action.isEmpty()) {
                throw new MalformedPacketException("vCont without an action");
            }
            String rest = action.substring(1);
            return switch (action.charAt(0)) {
                case 'c', 'C' -> new Action.Continue();
                case 's', 'S' -> new Action.Step(0, 0);
                case 'r' -> {
                    long[] range = numbers(rest, 2);
                    yield new Action.Step(range[0], range[1]);
                }
                default -> throw new MalformedPacketException("no such vCont action");
            };
        }
        return packet.startsWith("vKill") ? new Action.Kill(true) : UNKNOWN;
    }

    private Action features(String rest) {
        String[] parts = rest.split(":", 2);
        if (parts.length != 2 || !parts[0].equals("target.xml")) {
            return new Action.Reply("E00");
        }
        long[] window = numbers(parts[1], 2);
        if (window[0] < 0 || window[1] < 0) {
            throw new MalformedPacketException("no such window");
        }
        int from = (int) Math.min(window[0], description.length);
        int to = (int) Math.min(from + Math.min(window[1], MOST_DESCRIPTION), description.length);
        String text = new String(description, from, to - from, StandardCharsets.US_ASCII);
        return new Action.Reply((to == description.length ? "l" : "m") + text);
    }

    private Action writeRegisters(byte[] values) {
        guest.change(state -> guest.registers().write(state, values));
        return OK;
    }

    private int register(String digits) {
        long number = Hex.number(digits);
        if (number < 0 || number >= guest.registers().count()) {
            throw new MalformedPacketException("no register " + digits);
        }
        return (int) number;
    }

    private Action readRegister(String rest) {
        return new Action.Reply(Hex.encode(guest.registers().read(guest.state(), register(rest))));
    }

    private Action writeRegister(String rest) {
        String[] parts = rest.split("=", 2);
        int number = register(parts[0]);
        byte[] value = Hex.decode(parts.length == 2 ? parts[1] : "");
        if (value.length != guest.registers().bytes(number)) {
            throw new MalformedPacketException("a value of another size than the register");
        }
        guest.change(state -> guest.registers().write(state, number, value));
        return OK;
    }

    private Action readMemory(String rest) {
        long[] range = numbers(rest, 2);
        if (range[1] < 0) {
            throw new MalformedPacketException("a negative length");
        }
        int length = (int) Math.min(range[1], MOST_MEMORY);
        byte[] bytes = guest.read(range[0], length);
        return new Action.Reply(bytes.length == 0 && length > 0 ? NO_MEMORY : Hex.encode(bytes));
    }

    private Action writeMemory(String rest, boolean binary) {
        String[] parts = rest.split(":", 2);
        long[] range = numbers(parts[0], 2);
        String data = parts.length == 2 ? parts[1] : "";
        byte[] bytes = binary ? data.getBytes(StandardCharsets.ISO_8859_1) : Hex.decode(data);
        if (bytes.length != range[1]) {
            throw new MalformedPacketException("another length than said");
        }
        return guest.write(range[0], bytes) ? OK : new Action.Reply(NO_MEMORY);
    }

    private Action goOn(String address) {
        jump(address);
        return new Action.Continue();
    }

    private Action step(String address) {
        jump(address);
        return new Action.Step(0, 0);
    }

    private void jump(String address) {
        if (!address.isEmpty()) {
            long rip = Hex.number(address);
            Registers registers = guest.registers();
            int number = registers.number(registers.architecture().wide() ? "rip" : "eip");
            byte[] value = new byte[registers.bytes(number)];
            for (int i = 0; i < value.length; i++) {
                value[i] = (byte) (rip >>> 8 * i);
            }
            guest.change((ArchState state) -> registers.write(state, number, value));
        }
    }

    /** The address behind a signal number, which means nothing to a machine. */
    private static String afterSignal(String rest) {
        String[] parts = rest.split(";", 2);
        return parts.length == 2 ? parts[1] : "";
    }

    private Action point(String rest, boolean insert) {
        // conditions and commands behind a semicolon were not offered
        long[] numbers = numbers(rest.split(";", 2)[0], 3);
        int type = (int) numbers[0];
        if (numbers[0] != type || !Breakpoints.known(type)) {
            return UNKNOWN;
        }
        if (insert) {
            breakpoints.insert(type, numbers[1], numbers[2]);
        } else {
            breakpoints.remove(type, numbers[1], numbers[2]);
        }
        try {
            attachment.points(breakpoints.debugPoints());
        } catch (IllegalArgumentException e) {
            breakpoints.remove(type, numbers[1], numbers[2]);
            throw e;
        }
        return OK;
    }

    /** Numbers between commas. */
    private static long[] numbers(String text, int count) {
        List<String> parts = Arrays.asList(text.split(",", -1));
        if (parts.size() != count) {
            throw new MalformedPacketException(count + " numbers were expected in '" + text + "'");
        }
        return parts.stream().mapToLong(Hex::number).toArray();
    }
}
