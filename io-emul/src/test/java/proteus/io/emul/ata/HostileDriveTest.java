package proteus.io.emul.ata;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import proteus.api.io.BlockBackend;
import proteus.tck.checked.Contract;
import proteus.tck.fake.FakePc;

/**
 * Generated sequences of register accesses to disks, a CD-ROM drive and their bus masters, most of them nonsense, many of them nearly right:
 * nothing but guest-visible errors comes of it, what one access makes the back ends do is bounded, and after a reset all works as before.
 */
class HostileDriveTest {
    private static final int SEQUENCES = Integer.getInteger("proteus.hostile.sequences", 6_000);
    private static final int ACCESSES = 24;
    private static final int SECTORS = 4096;
    /** Sectors of the longest command, 65536, or the bytes that a full table of regions has place for, whichever is more. */
    private static final long BYTES_MOST = 8192L * 65536 + 65536;

    private static final int[] COMMANDS = {
        0x06, 0x20, 0x24, 0x25, 0x29, 0x30, 0x34, 0x35, 0x39, 0x40, 0x42, 0x70, 0x90, 0x91, 0xa0, 0xa0, 0xa0, 0xa1, 0x08, 0xc4, 0xc5, 0xc6, 0xc8, 0xca, 0xe0, 0xe7, 0xec, 0xef,
        0xf8, 0x27
    };
    private static final int[] PACKETS = {0x00, 0x03, 0x12, 0x1b, 0x1e, 0x25, 0x28, 0x2b, 0x43, 0x46, 0x4a, 0x51, 0x5a, 0xa8, 0xbb, 0xbd, 0xbe};

    private final SplittableRandom random = new SplittableRandom(20_261_123);
    private final FakePc pc = new FakePc();
    private final Counting disk = new Counting();
    private final Counting disc = new Counting();
    private final PiixIde ide = new PiixIde(pc, IdeMachine.drives(List.of(disk, new Counting()), List.of(disc)));

    /** Keeps nothing, gives zeros, and adds up what is asked of it. */
    private static final class Counting implements BlockBackend {
        long bytes;
        long all;

        @Override
        public long size() {
            return SECTORS * 512L;
        }

        @Override
        public boolean readOnly() {
            return false;
        }

        private void count(long offset, int length) {
            Contract.check(offset >= 0 && length > 0 && offset + length <= size(), "an access at %d, %d bytes".formatted(offset, length));
            bytes += length;
            all += length;
        }

        @Override
        public void read(long offset, byte[] target, int at, int length) throws IOException {
            count(offset, length);
            if (offset == 512L * 13) {
                throw new IOException("sector 13");
            }
        }

        @Override
        public void write(long offset, byte[] source, int at, int length) {
            count(offset, length);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }

    @Test
    void nothingButErrorsComesOfIt() {
        for (int i = 0; i < SEQUENCES; i++) {
            int base = random.nextBoolean() ? 0x1f0 : 0x170;
            if (i % 64 == 0) {
                regions();
            }
            for (int access = 0; access < ACCESSES; access++) {
                disk.bytes = 0;
                disc.bytes = 0;
                access(base);
                assertTrue(disk.bytes + disc.bytes <= BYTES_MOST, "one access moved %d bytes".formatted(disk.bytes + disc.bytes));
            }
            if (i % 256 == 0) {
                byte[] state = ide.exportState();
                assertTrue(state.length < 1 << 18, "state of %d bytes".formatted(state.length));
                ide.importState(state);
            }
        }
        assertTrue(disk.all > SEQUENCES && disc.all > SEQUENCES, "only %d and %d bytes were asked for: the sequences reach nothing".formatted(disk.all, disc.all));
        ide.reset();
        pc.out(0x1f6, 0xe0);
        pc.out(0x1f7, 0xec);
        assertEquals(0x58, pc.in(0x1f7), "it serves as before");
    }

    /** Tables of regions, most of them sensible. */
    private void regions() {
        for (int at = 0; at < 0x4000; at += 8) {
            pc.ram.write32(at, random.nextInt(8) == 0 ? random.nextInt() : random.nextInt(pc.ram.bytes.length) & ~1);
            pc.ram.write32(at + 4, (random.nextInt(8) == 0 ? 1 << 31 : 0) | random.nextInt(1 << random.nextInt(1, 17)));
        }
    }

    private void access(int base) {
        var master = pc.function.bars().getFirst().registers();
        switch (random.nextInt(16)) {
            case 0, 1, 2 -> pc.out(base + random.nextInt(1, 6), random.nextInt(4) == 0 ? random.nextInt(256) : random.nextInt(4));
            case 3 -> pc.out(base + 6, random.nextBoolean() ? 0xe0 | random.nextInt(2) << 4 : random.nextInt(256));
            case 4, 5 -> pc.out(base + 7, random.nextInt(8) == 0 ? random.nextInt(256) : COMMANDS[random.nextInt(COMMANDS.length)]);
            case 6, 7 -> {
                for (int i = random.nextInt(1, 300); i > 0; i--) {
                    pc.in(base, 1 << random.nextInt(3));
                }
            }
            case 8 -> {
                for (int i = random.nextInt(1, 300); i > 0; i--) {
                    pc.out(base, 1 << random.nextInt(3), random.nextInt());
                }
            }
            case 9, 10 -> packet(base);
            case 11 -> pc.in(base + random.nextInt(8), 1 << random.nextInt(2));
            case 12 -> pc.out(base + 0x206, random.nextInt(4) == 0 ? random.nextInt(256) : 0);
            case 13 -> master.write(8L * random.nextInt(2) + 4, 4, random.nextInt(0x4000) & ~7);
            case 14 -> master.write(8L * random.nextInt(2), 1, random.nextInt(16));
            default -> master.write(8L * random.nextInt(2) + random.nextInt(5), 1 << random.nextInt(3), random.nextInt() & 0xffff_ffffL);
        }
    }

    private void packet(int base) {
        pc.out(base + 1, random.nextInt(2));
        pc.out(base + 7, 0xa0);
        int code = PACKETS[random.nextInt(PACKETS.length)];
        int[] bytes = new int[12];
        for (int i = 1; i < 12; i++) {
            bytes[i] = random.nextInt(3) == 0 ? random.nextInt(256) : random.nextInt(2);
        }
        for (int i = 2; i < 5 && random.nextBoolean(); i++) {
            bytes[i] = 0;
        }
        bytes[0] = code;
        for (int i = 0; i < 12; i += 2) {
            pc.out(base, 2, bytes[i] | bytes[i + 1] << 8);
        }
    }
}
