package proteus.qtest.protocol;

import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import proteus.api.io.InterruptLine;
import proteus.api.vm.DrivenMachine;
import proteus.qtest.machine.Numbers;

/** Carries out requests on a machine. Changes of interrupt lines are told in between, once they are intercepted. */
public final class QtestProtocol {
    /** Interrupts are intercepted at the inputs of this device. */
    private static final String IO_APIC = "ioapic";
    /** A block is copied through the heap. */
    private static final long LARGEST = 64 << 20;

    private final Optional<DrivenMachine> machine;
    private final Consumer<String> out;
    private final Map<Integer, InterruptLine> driven = new HashMap<>();
    private final Set<Integer> high = new HashSet<>();
    private boolean intercepting;

    /**
     * @param machine empty when there is none: {@code -machine none}
     * @param out gets each line that is sent, without its end
     */
    public QtestProtocol(Optional<DrivenMachine> machine, Consumer<String> out) {
        this.machine = machine;
        this.out = out;
    }

    /** A request that cannot be carried out as it is. */
    private static final class BadRequest extends RuntimeException {
        private static final long serialVersionUID = 1L;

        BadRequest(String message) {
            super(message, null, false, false);
        }
    }

    /** Carries out one request and sends its answer. */
    public void request(String line) {
        String[] words = line.split(" ", -1);
        try {
            out.accept(perform(words));
        } catch (BadRequest e) {
            out.accept(e.getMessage());
        } catch (NumberFormatException e) {
            out.accept("ERR invalid number in '%s'".formatted(line));
        } catch (IllegalArgumentException e) {
            out.accept("ERR " + e.getMessage());
        }
    }

    private String perform(String[] words) {
        return switch (words[0]) {
            case "endianness" -> "OK little";
            case "inb", "inw", "inl" -> "OK 0x%04x".formatted(machine().readPort(port(words), size(words[0])));
            case "outb", "outw", "outl" -> {
                machine().writePort(port(words), size(words[0]), number(words, 2));
                yield "OK";
            }
            case "readb", "readw", "readl", "readq" -> "OK 0x%016x".formatted(machine().readMemory(number(words, 1), size(words[0])));
            case "writeb", "writew", "writel", "writeq" -> {
                machine().writeMemory(number(words, 1), size(words[0]), number(words, 2));
                yield "OK";
            }
            case "read" -> "OK 0x" + HexFormat.of().formatHex(block(words));
            case "b64read" -> "OK " + Base64.getEncoder().encodeToString(block(words));
            case "write" -> write(words, hex(word(words, 3)));
            case "b64write" -> write(words, Base64.getDecoder().decode(word(words, 3)));
            case "memset" -> {
                byte[] bytes = new byte[length(words)];
                Arrays.fill(bytes, (byte) number(words, 3));
                yield write(words, bytes);
            }
            case "clock_step" -> clock(words.length > 1 ? machine().now() + number(words, 1) : machine().nextDeadline());
            case "clock_set" -> clock(number(words, 1));
            case "irq_intercept_in" -> intercept(word(words, 1));
            case "irq_intercept_out" -> throw new BadRequest("FAIL Unknown device");
            case "set_irq_in" -> setIrq(words);
            default -> throw new BadRequest("FAIL Unknown command '%s'".formatted(words[0]));
        };
    }

    private DrivenMachine machine() {
        return machine.orElseThrow(() -> new BadRequest("FAIL No machine"));
    }

    private static String word(String[] words, int index) {
        if (index >= words.length) {
            throw new BadRequest("ERR %s lacks an argument".formatted(words[0]));
        }
        return words[index];
    }

    private static long number(String[] words, int index) {
        return Numbers.parse(word(words, index));
    }

    private static int port(String[] words) {
        return (int) number(words, 1) & 0xffff;
    }

    private static int size(String command) {
        return switch (command.charAt(command.length() - 1)) {
            case 'b' -> 1;
            case 'w' -> 2;
            case 'l' -> 4;
            default -> 8;
        };
    }

    private static int length(String[] words) {
        long length = number(words, 2);
        if (length < 0 || length > LARGEST) {
            throw new BadRequest("ERR a block has at most %d bytes".formatted(LARGEST));
        }
        return (int) length;
    }

    private byte[] block(String[] words) {
        byte[] bytes = new byte[length(words)];
        machine().read(number(words, 1), bytes);
        return bytes;
    }

    private static byte[] hex(String text) {
        if (text.length() < 3) {
            throw new BadRequest("ERR invalid argument size");
        }
        return HexFormat.of().parseHex(text, 2, text.length());
    }

    /** Bytes that are missing at the end are zeros. */
    private String write(String[] words, byte[] bytes) {
        machine().write(number(words, 1), Arrays.copyOf(bytes, length(words)));
        return "OK";
    }

    /** Advances to an instant; to the end of time, when no timer is armed, it stays where it is. */
    private String clock(long instant) {
        if (instant != Long.MAX_VALUE) {
            machine().advance(instant);
        }
        return "OK " + machine().now();
    }

    private String intercept(String path) {
        if (!path.equals(IO_APIC)) {
            throw new BadRequest("FAIL Unknown device");
        }
        if (!intercepting) {
            intercepting = true;
            machine().board().watchLines(this::changed);
        }
        return "OK";
    }

    /** Clients take every line for low at the beginning. */
    private void changed(int gsi, boolean level) {
        if (level ? high.add(gsi) : high.remove(gsi)) {
            out.accept("IRQ %s %d".formatted(level ? "raise" : "lower", gsi));
        }
    }

    private String setIrq(String[] words) {
        if (!word(words, 1).equals(IO_APIC)) {
            throw new BadRequest("FAIL Unknown device");
        }
        int line = (int) number(words, 3);
        driven.computeIfAbsent(line, gsi -> machine().board().line(gsi)).set(number(words, 4) != 0);
        return "OK";
    }
}
