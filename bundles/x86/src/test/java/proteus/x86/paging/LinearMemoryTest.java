package proteus.x86.paging;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import proteus.api.memory.GuestMemory;
import proteus.api.state.ArchState;
import proteus.x86.format.Msr;

class LinearMemoryTest {
    private static final int SIZE = 1 << 20;
    private static final long PG = 0x80000001L, PSE = 0x10, PAE = 0x20, LMA = 0x500;

    private final ByteBuffer ram = ByteBuffer.allocate(SIZE).order(ByteOrder.LITTLE_ENDIAN);

    /** What linear memory needs of guest memory. */
    private final GuestMemory memory = (GuestMemory) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {GuestMemory.class},
            (proxy, method, a) -> switch (method.getName()) {
                case "contains" -> (Long) a[0] >= 0 && (Long) a[0] + ((Number) a[1]).longValue() <= SIZE;
                case "read32" -> ram.getInt(((Long) a[0]).intValue());
                case "read64" -> ram.getLong(((Long) a[0]).intValue());
                case "read" -> ram.get(((Long) a[0]).intValue(), (byte[]) a[1], (int) a[2], (int) a[3]);
                case "write" -> ram.put(((Long) a[0]).intValue(), (byte[]) a[1], (int) a[2], (int) a[3]);
                default -> throw new UnsupportedOperationException(method.getName());
            });

    private LinearMemory with(long cr0, long cr3, long cr4, long efer) {
        ArchState state = new ArchState(
                new ArchState.General(new long[16], 0, 2),
                new ArchState.Segments(List.of(), 0, 0, 0, 0),
                new ArchState.Control(cr0, 0, cr3, cr4, 0, 1, new long[8], new long[4]),
                new ArchState.Fpu(new byte[832]),
                Map.of(Msr.IA32_EFER, efer),
                new ArchState.Events(0, 0, 0, 0, 0, 0),
                0);
        return new LinearMemory(state, memory);
    }

    @Test
    void withoutPagingAddressesArePhysical() {
        assertEquals(0x1234, with(1, 0, 0, 0).physical(0x1234));
        assertEquals(0x1234, with(1, 0, 0, 0).physical(0xffff_ffff_0000_1234L));
    }

    @Test
    void fourLevelsAndLargePages() {
        ram.putLong(0x1000 + 8 * 511, 0x2003).putLong(0x2000 + 8 * 510, 0x3003);
        ram.putLong(0x3000, 0x4003).putLong(0x3008, 0x4000_0083L);
        ram.putLong(0x4000, 0x8000_0000_0000_5003L);
        LinearMemory linear = with(PG, 0x1000, PAE, LMA);
        assertEquals(0x5123, linear.physical(0xffff_ffff_8000_0123L));
        assertEquals(0x4000_0123L, linear.physical(0xffff_ffff_8020_0123L));
        assertEquals(-1, linear.physical(0xffff_ffff_8000_1000L));
        assertEquals(-1, linear.physical(0x0000_8000_0000_0000L));
    }

    @Test
    void twoLevelsWithPagesOf4MiB() {
        ram.putInt(0x1000, 0x2003).putInt(0x1004, 0x0080_0083).putInt(0x2004, 0x7003);
        assertEquals(0x7010, with(PG, 0x1000, PSE, 0).physical(0x1010));
        assertEquals(0x80_0010, with(PG, 0x1000, PSE, 0).physical(0x40_0010));
        assertEquals(-1, with(PG, 0x1000, PSE, 0).physical(0x2010));
    }

    @Test
    void readsReachAsFarAsThereIsMemoryAndWritesAreAllOrNothing() {
        LinearMemory linear = with(1, 0, 0, 0);
        assertTrue(linear.write(0xffe, new byte[] {1, 2, 3, 4}));
        assertArrayEquals(new byte[] {1, 2, 3, 4}, linear.read(0xffe, 4));
        assertEquals(2, linear.read(SIZE - 2, 4).length);
        assertFalse(linear.write(SIZE - 2, new byte[] {9, 9, 9, 9}));
        assertEquals(0, ram.get(SIZE - 1));
        assertEquals(0, linear.read(SIZE, 4).length);
    }
}
