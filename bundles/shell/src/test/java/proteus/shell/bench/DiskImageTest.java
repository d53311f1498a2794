package proteus.shell.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import proteus.api.vm.VmException;

final class DiskImageTest {
    /** ELF32: a header, one segment of so many bytes in the file and 100 more in memory. */
    private static byte[] elf(int bytes) {
        ByteBuffer elf = ByteBuffer.allocate(128 + bytes).order(ByteOrder.LITTLE_ENDIAN);
        elf.putInt(24, 0x100010).putInt(28, 52).putShort(44, (short) 1);
        elf.putInt(52, 1).putInt(56, 128).putInt(60, 0x100000).putInt(64, 0x100000).putInt(68, bytes).putInt(72, bytes + 100);
        for (int i = 0; i < bytes; i++) {
            elf.put(128 + i, (byte) (i + 1));
        }
        return elf.array();
    }

    @Test
    void bootSectorIsToldWhereTheImageBelongs() {
        ByteBuffer disk = ByteBuffer.wrap(DiskImage.of(elf(513), "only=fib")).order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(0xaa55, disk.getShort(510) & 0xffff);
        assertEquals(0x100000, disk.getInt(0x180));
        assertEquals(513, disk.getInt(0x184));
        assertEquals(100, disk.getInt(0x188));
        assertEquals(0x100010, disk.getInt(0x18c));
        assertEquals(3, disk.getShort(0x190), "the command line and two sectors of image");
        assertEquals("only=fib\0", StandardCharsets.US_ASCII.decode(disk.slice(512, 9)).toString());
        assertEquals(1, disk.get(1024));
        assertEquals((byte) 513, disk.get(1024 + 512));
    }

    @Test
    void whatDoesNotFitIsRefused() {
        assertThrows(VmException.class, () -> DiskImage.of(elf(500_000), ""));
        assertThrows(VmException.class, () -> DiskImage.of(elf(10), "x".repeat(512)));
        assertThrows(VmException.class, () -> DiskImage.of(new byte[64], ""));
    }
}
