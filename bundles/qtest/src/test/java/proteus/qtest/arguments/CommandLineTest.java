package proteus.qtest.arguments;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CommandLineTest {
    @Test
    void theOptionsThatQemusTestLibraryGives() {
        CommandLine line = CommandLine.parse(List.of("-qtest", "unix:/tmp/a.sock", "-qtest-log", "/dev/null", "-chardev", "socket,path=/tmp/a.qmp,id=char0", "-mon",
                "chardev=char0,mode=control", "-display", "none", "-M", "pc", "-accel", "qtest"));
        assertEquals("unix:/tmp/a.sock", line.last("qtest").orElseThrow().text());
        assertEquals(Map.of("backend", "socket", "path", "/tmp/a.qmp", "id", "char0"), line.last("chardev").orElseThrow().values());
        assertEquals("char0", line.value("mon", "chardev").orElseThrow());
        assertEquals("pc", line.value("machine", "type").orElseThrow());
    }

    @Test
    void valuesHaveCommasAndFlags() {
        assertEquals(Map.of("file", "a,b=c", "if", "none"), KeyValues.parse("file=a,,b=c,if=none", "file").values());
        assertEquals(Map.of("backend", "socket", "server", "on", "wait", "off"), KeyValues.parse("socket,server,nowait", "backend").values());
        assertEquals(Map.of(), KeyValues.parse("", "backend").values());
    }

    @Test
    void theOrderOfOptionsIsKept() {
        CommandLine line = CommandLine.parse(List.of("-hdb", "b", "-drive", "file=c", "--hda", "a"));
        assertEquals(List.of("hdb", "drive", "hda"), line.all(Set.of("drive", "hda", "hdb")).stream().map(CommandLine.Option::name).toList());
        assertEquals("a", line.all("hda").getFirst().require("file"));
    }

    @Test
    void whatThereIsNotIsSaid() {
        assertEquals("there is no option -kernel here; -help lists what there is", refusal("-kernel", "vmlinuz"));
        assertEquals("-device lacks its value", refusal("-device"));
        assertTrue(refusal("disk.img").startsWith("'disk.img' is no option"));
    }

    private static String refusal(String... words) {
        return assertThrows(UnsupportedException.class, () -> CommandLine.parse(List.of(words))).getMessage();
    }
}
