package proteus.conform.privileged;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import proteus.x86.asm.Assembler;
import proteus.x86.asm.Assembly;

/** The code that runs cases inside the machine under test: driver.asm with its constants, the table of windows and the stubs of all vectors. */
final class Driver {
    private Driver() {}

    static Assembly assemble() {
        StringBuilder text = new StringBuilder();
        Layout.symbols().forEach((name, value) -> text.append("%s equ 0x%x\n".formatted(name, value)));
        text.append(source());
        text.append("align 8\nwindows:\n");
        for (int[] window : Layout.WINDOWS) {
            text.append("dd 0x%x, 0x%x\n".formatted(window[0], window[1]));
        }
        for (int bits = 16; bits <= 64; bits *= 2) {
            text.append("bits %d\n".formatted(bits));
            for (int vector = 0; vector < Layout.VECTORS; vector++) {
                text.append("align 8\nstub%d_%d: push %d\njmp common%d\n".formatted(bits, vector, vector, bits));
            }
        }
        return Assembler.assemble(text.toString(), 32, Layout.DRIVER);
    }

    private static String source() {
        try (InputStream in = Driver.class.getResourceAsStream("driver.asm")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
