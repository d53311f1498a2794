package proteus.io.emul.ps2;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The keys of a US keyboard as scan codes of set 2. Codes with {@link #EXTENDED} have the prefix 0xe0. */
final class Keys {
    static final int EXTENDED = 0x100;
    static final int SHIFT = 0x12;
    static final int CONTROL = 0x14;
    static final int ALT = 0x11;

    private static final String PLAIN = "abcdefghijklmnopqrstuvwxyz1234567890-=[]\\;'`,./ \t\n\b\u001b";
    private static final int[] PLAIN_CODES = {
        0x1c, 0x32, 0x21, 0x23, 0x24, 0x2b, 0x34, 0x33, 0x43, 0x3b, 0x42, 0x4b, 0x3a, 0x31, 0x44, 0x4d, 0x15, 0x2d, 0x1b, 0x2c, 0x3c, 0x2a, 0x1d,
        0x22, 0x35, 0x1a, 0x16, 0x1e, 0x26, 0x25, 0x2e, 0x36, 0x3d, 0x3e, 0x46, 0x45, 0x4e, 0x55, 0x54, 0x5b, 0x5d, 0x4c, 0x52, 0x0e, 0x41, 0x49,
        0x4a, 0x29, 0x0d, 0x5a, 0x66, 0x76
    };
    private static final String SHIFTED = "!@#$%^&*()_+{}|:\"~<>?";
    private static final String UNSHIFTED = "1234567890-=[]\\;'`,./";
    private static final Map<String, Integer> NAMED = new HashMap<>();
    private static final Map<String, Integer> MODIFIERS = Map.of("shift", SHIFT, "ctrl", CONTROL, "alt", ALT);

    static {
        int[] functions = {0x05, 0x06, 0x04, 0x0c, 0x03, 0x0b, 0x83, 0x0a, 0x01, 0x09, 0x78, 0x07};
        for (int i = 0; i < functions.length; i++) {
            NAMED.put("f" + (i + 1), functions[i]);
        }
        NAMED.putAll(Map.of("esc", 0x76, "enter", 0x5a, "tab", 0x0d, "backspace", 0x66, "space", 0x29));
        NAMED.putAll(Map.of("up", EXTENDED | 0x75, "down", EXTENDED | 0x72, "left", EXTENDED | 0x6b, "right", EXTENDED | 0x74));
        NAMED.putAll(Map.of("home", EXTENDED | 0x6c, "end", EXTENDED | 0x69, "pageup", EXTENDED | 0x7d, "pagedown", EXTENDED | 0x7a,
                "insert", EXTENDED | 0x70, "delete", EXTENDED | 0x71));
    }

    private Keys() {}

    /**
     * A key with what is held down meanwhile.
     *
     * @param held modifiers in the order in which they go down
     */
    record Stroke(List<Integer> held, int key) {
        Stroke {
            held = List.copyOf(held);
        }
    }

    /** @throws IllegalArgumentException with one sentence for a key that there is not */
    static List<Stroke> parse(String text) {
        List<Stroke> strokes = new ArrayList<>();
        for (int i = 0; i < text.length(); i++) {
            int end = text.charAt(i) == '<' ? text.indexOf('>', i + 1) : -1;
            if (end > i + 1) {
                strokes.add(named(text.substring(i + 1, end)));
                i = end;
            } else {
                strokes.add(character(text.charAt(i), List.of()));
            }
        }
        return strokes;
    }

    private static Stroke named(String name) {
        String[] words = name.toLowerCase(Locale.ROOT).split("-(?=.)");
        List<Integer> held = new ArrayList<>();
        for (int i = 0; i < words.length - 1; i++) {
            Integer modifier = MODIFIERS.get(words[i]);
            if (modifier == null) {
                throw new IllegalArgumentException("There is no key '%s' to hold down; there are shift, ctrl and alt.".formatted(words[i]));
            }
            held.add(modifier);
        }
        String key = words[words.length - 1];
        if (key.equals("lt")) {
            return character('<', held);
        }
        if (key.length() == 1) {
            return character(key.charAt(0), held);
        }
        Integer code = NAMED.get(key);
        if (code == null) {
            throw new IllegalArgumentException("There is no key <%s>; there are esc, enter, tab, backspace, space, f1 to f12, arrows by their names, home, end,"
                    .formatted(name) + " pageup, pagedown, insert and delete, with shift-, ctrl- and alt- before them.");
        }
        return new Stroke(held, code);
    }

    private static Stroke character(char wanted, List<Integer> held) {
        char c = wanted == '\r' ? '\n' : wanted;
        int shifted = SHIFTED.indexOf(c);
        boolean upper = c >= 'A' && c <= 'Z';
        char base = shifted >= 0 ? UNSHIFTED.charAt(shifted) : upper ? Character.toLowerCase(c) : c;
        int at = PLAIN.indexOf(base);
        if (at < 0) {
            throw new IllegalArgumentException("A US keyboard has no key for '%s'.".formatted(wanted));
        }
        List<Integer> all = new ArrayList<>(held);
        if (shifted >= 0 || upper) {
            all.add(SHIFT);
        }
        return new Stroke(all, PLAIN_CODES[at]);
    }
}
