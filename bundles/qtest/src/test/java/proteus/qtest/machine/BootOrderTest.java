package proteus.qtest.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import proteus.qtest.arguments.CommandLine;
import proteus.qtest.arguments.UnsupportedException;

class BootOrderTest {
    @Test
    void whatAPcDoesNotBootFromIsRefused() {
        assertEquals("Too many boot devices for PC: 'cadn'", refusal("cadn"));
        assertEquals("Invalid boot device for PC: 'x'", refusal("x"));
        assertEquals("Invalid boot device for PC: 'z'", refusal("order=c,once=z"));
    }

    private static String refusal(String value) {
        return assertThrows(UnsupportedException.class, () -> new BootOrder(CommandLine.parse(List.of("-boot", value)))).getMessage();
    }
}
