package proteus.api.io;

import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/** A display that can show text; what a {@link Device} of the role {@link DeviceRole#DISPLAY} may be besides. */
@ConsumerType
public interface TextScreen {
    /** What is on the screen now. Called on the VM's thread. */
    Snapshot snapshot();

    /**
     * A screen.
     *
     * @param columns characters in a line; 0 while the display shows graphics
     * @param rows lines
     * @param lines the text, trailing blanks cut
     * @param cursorColumn from 0, or -1 when no cursor is shown
     * @param cursorRow likewise
     */
    record Snapshot(int columns, int rows, List<String> lines, int cursorColumn, int cursorRow) {
        public Snapshot {
            lines = List.copyOf(lines);
        }

        public boolean graphics() {
            return columns == 0;
        }

        /** The lines up to the last that is not blank, each ended by a line feed. */
        public String text() {
            int last = lines.size();
            while (last > 0 && lines.get(last - 1).isBlank()) {
                last--;
            }
            StringBuilder text = new StringBuilder();
            lines.subList(0, last).forEach(line -> text.append(line).append('\n'));
            return text.toString();
        }
    }
}
