package proteus.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VmException;
import proteus.api.vm.VmState;

@Timeout(60)
class SnapshotTest {
    private final Platform platform = new Platform();

    @TempDir
    private Path directory;

    @AfterEach
    void closeAll() {
        platform.machines.list().forEach(VirtualMachine::close);
        assertEquals(0, platform.host.allocations(), "all memory went back");
    }

    private Path file() {
        return directory.resolve("vm.snapshot");
    }

    /** A VM with something in each part, saved and closed. */
    private void save() {
        VirtualMachine vm = platform.machines.create(platform.spec("vm"));
        vm.inspect(inside -> {
            inside.step(500);
            inside.processor().registers().gpr(5, 0x1234_5678_9abcL);
            inside.memory().write64(0x3ff8, -2);
            inside.memory().write8(0x20_0000, 7);
            "hello\n".chars().forEach(platform.line::output);
            return null;
        });
        vm.snapshot(file());
        assertEquals(VmState.PAUSED, vm.state());
        vm.close();
    }

    private VirtualMachine restore() {
        return platform.machines.restore(file(), UnaryOperator.identity());
    }

    @Test
    void whatWasSavedComesBack() {
        save();
        VirtualMachine vm = restore();
        assertEquals(VmState.PAUSED, vm.state());
        assertEquals("hello\n", vm.console().text());
        vm.inspect(inside -> {
            assertEquals(0x1234_5678_9abcL, inside.cpu().exportState().general().gpr()[5]);
            assertEquals(-2, inside.memory().read64(0x3ff8));
            assertEquals(7, inside.memory().read8(0x20_0000));
            inside.step(10);
            return null;
        });
        assertEquals(510, vm.statistics().retired());
        assertEquals(510, vm.statistics().virtualNanos());
    }

    @Test
    void nothingIsBelievedOfADamagedFile() throws IOException {
        save();
        byte[] good = Files.readAllBytes(file());
        for (int at = 12; at < good.length; at += Math.max(1, good.length / 200)) {
            byte[] bad = good.clone();
            bad[at] ^= 0x10;
            Files.write(file(), bad);
            assertTrue(assertThrows(VmException.class, this::restore).getMessage().contains("is damaged"));
        }
        for (int length : new int[] {good.length - 1, good.length / 2, 50}) {
            Files.write(file(), Arrays.copyOf(good, length));
            assertTrue(assertThrows(VmException.class, this::restore).getMessage().contains("is damaged"));
        }
        Files.write(file(), Arrays.copyOf(good, 5));
        assertTrue(assertThrows(VmException.class, this::restore).getMessage().contains("is no snapshot"));
        assertTrue(platform.machines.list().isEmpty());
    }

    @Test
    void anotherFormatIsRefusedByItsNumber() throws IOException {
        save();
        byte[] bytes = Files.readAllBytes(file());
        for (int format : new int[] {1, 9}) {
            bytes[11] = (byte) format;
            Files.write(file(), bytes);
            String message = assertThrows(VmException.class, this::restore).getMessage();
            assertTrue(message.contains("has format " + format + ", and this Proteus reads format 2: restore it with the Proteus that made it"), message);
        }
        assertTrue(platform.machines.list().isEmpty());
    }

    @Test
    void aSnapshotThatFailsLeavesNoFileAndTheOldOneAsItWas() throws IOException {
        Files.writeString(file(), "old");
        assertThrows(VmException.class, () -> SnapshotFile.write(file(), out -> {
            out.writeInt(1);
            throw new IOException("the disk is full");
        }));
        assertEquals("old", Files.readString(file()));
        assertFalse(Files.exists(directory.resolve("vm.snapshot.part")));
    }

    @Test
    void aMissingFileIsNamed() {
        assertEquals("there is no snapshot " + file(), assertThrows(VmException.class, this::restore).getMessage());
    }
}
