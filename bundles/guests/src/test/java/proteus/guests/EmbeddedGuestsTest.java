package proteus.guests;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import proteus.api.vm.GuestAbi;
import proteus.api.vm.GuestCatalogue.GuestImage;

final class EmbeddedGuestsTest {
    private static final int MULTIBOOT_MAGIC = 0x1BADB002;
    private static final int MULTIBOOT_SEARCH = 8192;
    private static final int PT_NOTE = 4;
    private static final int XEN_ELFNOTE_PHYS32_ENTRY = 18;

    private final EmbeddedGuests catalogue = new EmbeddedGuests();

    static java.util.List<EmbeddedGuest> guests() {
        return EmbeddedGuest.all();
    }

    static java.util.List<EmbeddedGuest> guestsOfAPc() {
        return guests().stream().filter(guest -> guest.abi() == GuestAbi.PC).toList();
    }

    @ParameterizedTest
    @MethodSource("guestsOfAPc")
    void imageIsAnElf32WithAMultibootHeaderInItsFirst8Kib(EmbeddedGuest guest) {
        ByteBuffer image = ByteBuffer.wrap(guest.image()).order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(0x464c457f, image.getInt(0));
        assertEquals(1, image.get(4), "ELFCLASS32");
        int at = 0;
        while (at + 12 <= Math.min(image.capacity(), MULTIBOOT_SEARCH) && image.getInt(at) != MULTIBOOT_MAGIC) {
            at += 4;
        }
        assertEquals(MULTIBOOT_MAGIC, image.getInt(at));
        assertEquals(0, image.getInt(at) + image.getInt(at + 4) + image.getInt(at + 8), "checksum");
    }

    @ParameterizedTest
    @MethodSource("guestsOfAPc")
    void pvhNoteNamesTheEntryPoint(EmbeddedGuest guest) {
        ByteBuffer image = ByteBuffer.wrap(guest.image()).order(ByteOrder.LITTLE_ENDIAN);
        int header = image.getInt(28);
        int count = image.getShort(44);
        int note = -1;
        for (int i = 0; i < count; i++) {
            if (image.getInt(header + i * 32) == PT_NOTE) {
                note = image.getInt(header + i * 32 + 4);
            }
        }
        assertTrue(note > 0, "PT_NOTE");
        assertEquals(XEN_ELFNOTE_PHYS32_ENTRY, image.getInt(note + 8));
        assertEquals("Xen\0", StandardCharsets.US_ASCII.decode(image.slice(note + 12, 4)).toString());
        assertEquals(image.getInt(24), image.getInt(note + 16));
    }

    @ParameterizedTest
    @MethodSource("guests")
    void goldenConsoleEndsWithTheExpectedLine(EmbeddedGuest guest) throws Exception {
        try (InputStream in = getClass().getResourceAsStream("/proteus/guests/" + guest.name() + ".txt")) {
            String golden = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
            assertTrue(golden.endsWith(guest.expectedConsole() + "\n"));
        }
    }

    @Test
    void benchMeansTheSixtyFourBitOne() {
        GuestImage bench = catalogue.image("bench", sentence -> {}).orElseThrow();
        assertEquals("bench64", bench.info().name());
        assertArrayEquals(EmbeddedGuest.named("bench64").orElseThrow().image(), bench.kernel());
    }

    @Test
    void unknownNameIsLeftToOtherCatalogues() {
        assertTrue(catalogue.image("debian-686", sentence -> {}).isEmpty());
    }
}
