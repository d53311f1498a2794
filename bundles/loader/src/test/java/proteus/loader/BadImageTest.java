package proteus.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import proteus.api.vm.GuestLoadException;
import proteus.api.vm.VmSpec.Entry;

class BadImageTest {
    private static String refusal(int mebibytes, byte[] kernel, byte[] initrd, String commandLine, Entry entry) {
        String message = assertThrows(GuestLoadException.class, () -> Images.load(new FakeMemory(mebibytes), kernel, initrd, commandLine, entry)).getMessage();
        assertTrue(message.endsWith(".") && !message.contains("\n"), message);
        return message;
    }

    private static String refusal(byte[] kernel) {
        return refusal(64, kernel, new byte[0], "", Entry.BEST);
    }

    private static void says(String message, String... words) {
        for (String word : words) {
            assertTrue(message.contains(word), () -> "'" + word + "' is not in: " + message);
        }
    }

    @Test
    void emptyImageIsNamed() {
        says(refusal(new byte[0]), "'image' is empty");
    }

    @Test
    void unknownFormatShowsItsFirstBytes() {
        says(refusal(new byte[] {0x1f, (byte) 0x8b, 8, 0, 1}), "no format that can be started", "1f 8b 08 00");
    }

    @Test
    void bootSectorNeedsABios() {
        byte[] sector = new byte[512];
        sector[510] = 0x55;
        sector[511] = (byte) 0xaa;
        says(refusal(sector), "boot sector", "BIOS");
    }

    @Test
    void truncatedBzImageSaysHowMuchIsMissing() {
        byte[] image = Images.bzImage(true);
        says(refusal(Arrays.copyOf(image, image.length - 100)), "truncated bzImage", "announces 10752 bytes", "the file has 10652");
    }

    @Test
    void everyTruncationIsRefused() {
        for (byte[] whole : List.of(Images.bzImage(true), Images.pvh(true), Images.pvh(false))) {
            for (int length = 0; length < whole.length - 16; length += length < 0x300 ? 1 : 37) {
                refusal(Arrays.copyOf(whole, length));
            }
        }
    }

    @Test
    void tooLittleMemorySaysHowMuchIsNeededAndHowMuchIsThere() {
        says(refusal(16, Images.bzImage(true), new byte[0], "", Entry.BEST), "needs at least 24 MiB", "this VM has 16 MiB");
        says(refusal(1, Images.pvh(true), new byte[0], "", Entry.BEST), "needs RAM from 0x100000 to 0x103400", "this VM of 1 MiB", "at least 2 MiB");
    }

    @Test
    void tooLargeRamDiskSaysHowLargeItIs() {
        says(refusal(32, Images.bzImage(true), new byte[15 << 20], "", Entry.BEST), "initial RAM disk", "15 MiB", "32 MiB", "more memory");
        says(refusal(16, Images.pvh(true), new byte[15 << 20], "", Entry.BEST), "initial RAM disk", "15 MiB");
        says(refusal(16, Images.multibootElf(0), new byte[15 << 20], "", Entry.BEST), "initial RAM disk", "15 MiB");
    }

    @Test
    void elfForAnotherProcessorIsNamed() {
        byte[] image = Images.pvh(false);
        image[18] = 40;
        says(refusal(image), "ARM", "not for x86");
        byte[] mixed = Images.pvh(true);
        mixed[18] = 3;
        says(refusal(mixed), "64-bit ELF", "i386");
        byte[] odd = Images.pvh(true);
        odd[4] = 7;
        says(refusal(odd), "unknown class 7");
    }

    @Test
    void elfWithoutNoteSaysWhatToTakeInstead() {
        says(refusal(Images.elf(true)), "neither a PVH note", "CONFIG_PVH", "bzImage");
    }

    @Test
    void kernelOfADomainSaysWhereItStarts() {
        says(refusal(XenDomainBuilderTest.linux()), "paravirtual", "--cpu para");
    }

    @Test
    void entryThatTheImageLacksIsRefused() {
        says(refusal(64, Images.bzImage(false), new byte[0], "", Entry.LONG_64), "no 64-bit entry");
        says(refusal(64, Images.pvh(true), new byte[0], "", Entry.REAL_16), "only a 32-bit entry");
        says(refusal(64, Images.multibootElf(0), new byte[0], "", Entry.LONG_64), "only a 32-bit entry");
    }

    @Test
    void tooLongCommandLineIsRefused() {
        says(refusal(64, Images.bzImage(true), new byte[0], "x".repeat(2048), Entry.BEST), "at most 2047 bytes", "2048");
        says(refusal(64, Images.bzImage(true), new byte[0], "a\0b", Entry.BEST), "zero byte");
    }

    @Test
    void unknownRequiredMultibootFeatureIsRefused() {
        says(refusal(Images.multibootElf(1 << 5)), "requires Multiboot features");
    }

    @Test
    void everyByteOfEveryHeaderMayBeAnything() {
        Random random = new Random(2);
        for (byte[] whole : List.of(Images.bzImage(true), Images.bzImage(false), Images.pvh(true), Images.pvh(false), Images.multibootElf(3), Images.multibootFlat())) {
            int loaded = 0, refused = 0;
            FakeMemory memory = new FakeMemory(26);
            for (int at = 0; at < 0x300; at++) {
                for (int value : new int[] {0, 1, 0x7f, 0x80, 0xff, whole[at] ^ 1 << random.nextInt(8)}) {
                    byte[] image = whole.clone();
                    image[at] = (byte) value;
                    for (Entry entry : at % 16 == 0 || at >= 0x1f0 && at < 0x270 ? List.of(Entry.BEST, Entry.REAL_16) : List.of(Entry.BEST)) {
                        try {
                            Images.load(memory, image, new byte[4096], "words", entry);
                            loaded++;
                        } catch (GuestLoadException e) {
                            refused++;
                            assertFalse(e.getMessage().isBlank());
                        }
                    }
                }
            }
            assertTrue(loaded > 0 && refused > 0, loaded + " loaded, " + refused + " refused");
        }
    }

    @Test
    void manyBytesMayBeAnythingAtOnce() {
        Random random = new Random(3);
        FakeMemory memory = new FakeMemory(26);
        List<byte[]> images = List.of(Images.bzImage(true), Images.pvh(true), Images.pvh(false), Images.multibootElf(3), Images.multibootFlat());
        int outcomes = 0;
        for (int round = 0; round < 20_000; round++) {
            byte[] image = images.get(round % images.size()).clone();
            for (int i = 0; i < 1 + random.nextInt(6); i++) {
                image[8 + random.nextInt(0x290)] = (byte) (random.nextBoolean() ? 0xff : random.nextInt());
            }
            try {
                Images.load(memory, image, new byte[100], "", Entry.values()[random.nextInt(4)]);
                outcomes++;
            } catch (GuestLoadException e) {
                outcomes++;
            }
        }
        assertEquals(20_000, outcomes);
    }
}
