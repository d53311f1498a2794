package proteus.loader.debian;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.GuestLoadException;
import proteus.loader.initramfs.DriverModules;
import proteus.loader.initramfs.TestInitramfs;

class GuestCacheTest {
    private static final byte[] MODULES = {9, 9};
    private static final byte[] CARDS = {8, 8, 8};

    @TempDir
    Path directory;

    private static byte[] initrd(byte[] busybox) {
        byte[] system = TestInitramfs.around(busybox, 32);
        byte[] all = Arrays.copyOf(system, system.length + MODULES.length + CARDS.length);
        System.arraycopy(MODULES, 0, all, system.length, MODULES.length);
        System.arraycopy(CARDS, 0, all, system.length + MODULES.length, CARDS.length);
        return all;
    }

    private GuestCache filled(byte[] busybox, byte[] initrd) throws IOException {
        GuestCache cache = new GuestCache(directory);
        cache.store(
                "debian-686",
                Map.of("kernel", new byte[] {1, 2}, "busybox", busybox, "modules", MODULES, "cards", CARDS, "initrd", initrd),
                Map.of("kernel.version", "1", "modules.drivers", DriverModules.VIRTIO.content(), "cards.drivers", DriverModules.CARDS.content()));
        return cache;
    }

    @Test
    void guestInTheCacheIsNotFetchedAgain() throws IOException {
        byte[] busybox = {7};
        GuestCache cache = filled(busybox, initrd(busybox));
        List<String> progress = new ArrayList<>();
        GuestImage image = new DebianGuests(cache).image("debian-686", progress::add).orElseThrow();
        assertArrayEquals(new byte[] {1, 2}, image.kernel());
        assertEquals(cache.file("debian-686", "kernel").toString(), image.kernelPath());
        assertTrue(image.info().available());
        assertEquals(List.of(), progress);
    }

    @Test
    void initialRamDiskOfAnOlderVersionIsMadeAnew() throws IOException {
        byte[] busybox = {7};
        GuestCache cache = filled(busybox, new byte[] {0});
        GuestImage image = new DebianGuests(cache).image("debian-686", text -> {}).orElseThrow();
        assertArrayEquals(initrd(busybox), image.initrd());
        assertArrayEquals(image.initrd(), Files.readAllBytes(Path.of(image.initrdPath())));
        assertEquals("1", cache.origin("debian-686").get("kernel.version"));
        try (Stream<Path> left = Files.list(directory.resolve("guests"))) {
            assertEquals(List.of("debian-686"), left.map(path -> path.getFileName().toString()).toList());
        }
    }

    @Test
    void damagedFileIsNotRead() throws IOException {
        GuestCache cache = filled(new byte[] {7}, new byte[] {0});
        Files.write(cache.file("debian-686", "kernel"), new byte[] {1, 3});
        assertNull(cache.read("debian-686", "kernel"));
        assertNull(cache.read("debian-amd64", "kernel"));
    }

    @Test
    void aGuestStoredBeforeThereWereChecksumsGetsThem() throws IOException {
        GuestCache cache = filled(new byte[] {7}, new byte[] {0});
        Path manifest = cache.file("debian-686", "manifest");
        List<String> now = Files.readAllLines(manifest);
        List<String> then = now.stream().filter(line -> !line.contains(".crc32=")).toList();
        Files.write(manifest, then);
        byte[] kernel = cache.read("debian-686", "kernel");
        List<String> noted = new ArrayList<>(Files.readAllLines(manifest));
        assertTrue(noted.removeIf(line -> line.startsWith("kernel.crc32=") && now.contains(line)), noted::toString);
        assertEquals(then, noted);
        assertArrayEquals(kernel, cache.read("debian-686", "kernel"));
        Files.write(manifest, then);
        Files.write(cache.file("debian-686", "kernel"), new byte[] {1, 3});
        assertNull(cache.read("debian-686", "kernel"));
        assertEquals(then, Files.readAllLines(manifest));
    }

    @Test
    void unknownGuestIsNobodysBusiness() {
        assertEquals(Optional.empty(), new DebianGuests(new GuestCache(directory)).image("hello32", text -> {}));
        assertFalse(new DebianGuests(new GuestCache(directory)).guests().getFirst().available());
    }

    @Test
    void onlyOneThreadAtATimeChangesTheCache() throws InterruptedException {
        GuestCache cache = new GuestCache(directory);
        AtomicInteger inside = new AtomicInteger(), most = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            threads.add(Thread.ofPlatform().start(() -> cache.locked(text -> {}, () -> {
                most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                Thread.onSpinWait();
                return inside.decrementAndGet();
            })));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(1, most.get());
    }

    @Test
    void programThatHangsIsEnded() {
        String message = assertThrows(GuestLoadException.class, () -> Subprocess.run(directory, Duration.ofSeconds(1), List.of("sleep", "60"))).getMessage();
        assertTrue(message.contains("did not end within 1 s"), message);
    }

    @Test
    void missingProgramIsNamed() {
        assertFalse(Subprocess.exists("no-such-program-anywhere"));
        assertThrows(GuestLoadException.class, () -> Subprocess.run(directory, Duration.ofSeconds(1), List.of("no-such-program-anywhere")));
    }
}
