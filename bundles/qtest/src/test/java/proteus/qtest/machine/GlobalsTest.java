package proteus.qtest.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import proteus.qtest.arguments.CommandLine;
import proteus.qtest.arguments.KeyValues;
import proteus.qtest.arguments.UnsupportedException;

class GlobalsTest {
    private static Globals globals(String... words) {
        return new Globals(CommandLine.parse(List.of(words)));
    }

    @Test
    void bothWaysToWriteThem() {
        Globals globals = globals("-global", "ide-hd.serial=a", "-global", "driver=ide-hd,property=ver,value=1", "-global", "ide-cd.ver=2");
        assertEquals(Map.of("serial", "a", "ver", "1"), globals.of(DeviceType.find("ide-hd").orElseThrow()));
        assertEquals(Map.of("ver", "2"), globals.of(DeviceType.find("ide-cd").orElseThrow()));
        assertEquals(Map.of(), globals.of(DeviceType.find("e1000").orElseThrow()));
    }

    @Test
    void whatADeviceIsGivenComesFirst() {
        KeyValues wish = KeyValues.parse("ide-hd,serial=own", "driver").withDefaults(Map.of("serial", "all", "ver", "1"));
        assertEquals(Map.of("driver", "ide-hd", "serial", "own", "ver", "1"), wish.values());
    }

    @Test
    void unknownOnesAreRefused() {
        assertEquals("there is no device type 'floppy' for -global", refusal("floppy.drive=a"));
        assertEquals("there is no device type '' for -global", refusal("serial=a"));
        assertEquals("Property 'ide-hd.wwn' not found", refusal("ide-hd.wwn=1"));
        assertEquals("'driver=ide-hd' lacks property=", refusal("driver=ide-hd"));
    }

    private static String refusal(String value) {
        return assertThrows(UnsupportedException.class, () -> globals("-global", value)).getMessage();
    }
}
