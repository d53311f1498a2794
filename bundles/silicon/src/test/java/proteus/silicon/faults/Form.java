package proteus.silicon.faults;

import java.util.function.Consumer;

/**
 * One instruction, or the delivery of one event, in one mode and ring. In the text {@code @b} is BX, EBX or RBX by mode and so
 * on for other letters; BX points to {@link Region#DATA}, DI to {@link Region#TARGET}, SP and BP to {@link Region#STACK}.
 *
 * @param interruption an event to inject instead of running the instruction (SDM 3C, table 25-17), or 0
 * @param errorCode of the event
 * @param align the object in DATA or STACK keeps this alignment
 * @param setup what is different from the usual surroundings
 */
record Form(String text, Mode mode, int cpl, int interruption, int errorCode, int align, Consumer<Bench> setup) {
    static final Consumer<Bench> USUAL = b -> { };

    static Form of(String text, Mode mode, int cpl) {
        return new Form(text, mode, cpl, 0, 0, 1, USUAL);
    }

    Form aligned(int bytes) {
        return new Form(text, mode, cpl, interruption, errorCode, bytes, setup);
    }

    Form with(Consumer<Bench> more) {
        return new Form(text, mode, cpl, interruption, errorCode, align, setup.andThen(more));
    }

    Form event(int value, int error) {
        return new Form(text, mode, cpl, value, error, align, setup);
    }

    /** The text as the assembler takes it. */
    String source() {
        if (interruption != 0) {
            return "nop";
        }
        String prefix = mode.bits == 64 ? "r" : mode.bits == 32 ? "e" : "";
        StringBuilder source = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != '@') {
                source.append(c);
                continue;
            }
            char letter = text.charAt(++i);
            source.append(prefix).append(switch (letter) {
                case 's' -> "si";
                case 'd' -> "di";
                case 'p' -> "bp";
                default -> letter + "x";
            });
        }
        return source.toString();
    }

    /** Stores more than a quadword with x87: parts of it may be seen though the whole faults (SDM 3A, 9.1.1), and are on processors. */
    boolean tears() {
        return text.startsWith("fstp tword") || text.startsWith("fbstp");
    }

    boolean repeats() {
        return text.startsWith("rep") || text.contains(" rep");
    }

    @Override
    public String toString() {
        return "%s, %s, ring %d".formatted(interruption == 0 ? source() : text + " delivered", mode, cpl);
    }
}
