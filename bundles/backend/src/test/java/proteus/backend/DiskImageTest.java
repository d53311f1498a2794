package proteus.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import proteus.api.io.DiskImage;
import proteus.api.io.DiskImage.Access;
import proteus.api.io.DiskImage.Format;
import proteus.api.io.DiskImage.Medium;

class DiskImageTest {
    @ParameterizedTest
    @ValueSource(strings = {"disk.img", "a,,b.img", "x=y.img", "d,io=virtio", "d,format=raw,readonly=on", "d,io=emul,format=qcow2,snapshot=on"})
    void whatIsSaidIsWhatIsUnderstood(String text) {
        assertEquals(text, DiskImage.parse(Medium.DISK, text).toString());
    }

    @Test
    void optionsBelongToTheFileBeforeThem() {
        assertEquals(
                List.of(
                        new DiskImage(Path.of("a,b"), Medium.DISK, Format.RAW, Access.WRITE, "virtio"),
                        new DiskImage(Path.of("c"), Medium.DISK, Format.PROBE, Access.SNAPSHOT, "")),
                DiskImage.parseAll(Medium.DISK, "a,,b,io=virtio,format=raw,c,snapshot=on"));
        assertEquals(List.of(), DiskImage.parseAll(Medium.DISK, ""));
        assertEquals(Access.READ_ONLY, DiskImage.parse(Medium.CDROM, "a.iso").access());
    }

    @Test
    void whatWillNotDoIsSaidInASentence() {
        refused("is no option of a disk image", "a,speed=high");
        refused("give raw or qcow2", "a,format=vmdk");
        refused("give on or off", "a,snapshot=maybe");
        refused("needs the name of its file", "");
        assertThrows(IllegalArgumentException.class, () -> DiskImage.parse(Medium.CDROM, "a.iso,snapshot=on"));
    }

    private static void refused(String part, String text) {
        String said = assertThrows(IllegalArgumentException.class, () -> DiskImage.parse(Medium.DISK, text)).getMessage();
        assertTrue(said.contains(part) && said.endsWith("."), said);
    }
}
